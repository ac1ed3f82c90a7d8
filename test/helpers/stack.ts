import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { relayAnswers } from './relay-answers.ts'
import { findSample } from './samples.ts'
import { createApiClient } from './api-client.ts'
import { REGION_CANARY, searchLogs } from './search-logs.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface StackOptions {
  /** every stack of a test run has its own ports and loopback network */
  slot: number
  nodes?: number
  environment?: Record<string, string>
  /** further words for ./scripts/up */
  flags?: string[]
}

/** A whole Spillway started by ./scripts/up, as an operator would; everything else is asked over HTTP. */
export async function startStack (t: Test, { slot, nodes = 1, environment = {}, flags = [] }: StackOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-e2e-'))
  const base = 21_000 + slot * 100
  const ports = { api: base, ops: base + 1, ledger: base + 2, prober: base + 3, redis: base + 10, coturn: base + 30, fakeCloudflare: base + 50, fakeTwilio: base + 51 }
  const network = `127.0.${100 + slot}`
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    SPILLWAY_STATE_DIR: folder,
    // a request that goes well leaves its line at this level only, and whatever may be logged is searched
    SPILLWAY_LOG_LEVEL: 'debug',
    SPILLWAY_CONTROL_PLANE_PORT: String(ports.api),
    SPILLWAY_CONTROL_PLANE_OPS_PORT: String(ports.ops),
    SPILLWAY_LEDGER_OPS_PORT: String(ports.ledger),
    SPILLWAY_PROBER_OPS_PORT: String(ports.prober),
    SPILLWAY_CENTRAL_REDIS_PORT: String(ports.redis),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(base + 4),
    SPILLWAY_NODE_REDIS_PORT: String(base + 11),
    SPILLWAY_COTURN_CLI_PORT: String(base + 20),
    SPILLWAY_COTURN_PORT: String(ports.coturn),
    SPILLWAY_NODE_NETWORK: network,
    SPILLWAY_FAKE_CLOUDFLARE_PORT: String(ports.fakeCloudflare),
    SPILLWAY_FAKE_TWILIO_PORT: String(ports.fakeTwilio),
    SPILLWAY_NODE_REGION: REGION_CANARY,
    ...environment
  }
  const script = async (name: string, ...args: string[]) =>
    await run(join(ROOT, 'scripts', name), args, { cwd: ROOT, env, timeout: 180_000, maxBuffer: 1 << 24 })
  const up = async () => (await script('up', '--native', '--detach', '--nodes', String(nodes), ...flags)).stdout
  const read = async (...path: string[]) => (await readFile(join(folder, ...path), 'utf8')).trim()
  /** what up did not start, and down does not know */
  const relaunched: ChildProcess[] = []
  /** how to close what tests open on this stack; whatever a failed test leaves open would keep its file from ending */
  const closers: Array<() => Promise<void>> = []
  t.teardown(async () => {
    for (const close of closers) await close()
    for (const launch of relaunched) {
      if (launch.exitCode !== null || launch.signalCode !== null) continue
      launch.kill('SIGTERM')
      await once(launch, 'exit')
    }
    await script('down')
    await rm(folder, { recursive: true, force: true })
  })

  const printed = await up()
  const adminToken = await read('admin-token')
  const api = `http://127.0.0.1:${ports.api}`
  const ops = `http://127.0.0.1:${ports.ops}`

  const { call, admin, createApp, issue, secrets, answered } = createApiClient({ api, ops, adminToken })

  /**
   * Kills a part and starts it again with other settings, behind a command such as faketime where one is given; waits for
   * nothing, as `up` would. Returns how to end that one.
   */
  async function relaunch (part: string, differs: Record<string, string> = {}, ...behind: string[]): Promise<() => Promise<void>> {
    const pid = Number.parseInt(await read('run', `${part}.pid`))
    const words = async (file: string) => (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').filter(Boolean)
    const environment = Object.fromEntries((await words('environ')).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    const [command = '', ...args] = [...behind, ...await words('cmdline')]
    const log = await open(join(folder, 'log', `${part}.log`), 'a')
    process.kill(pid, 'SIGKILL')
    await until(`${part} has ended`, async () => await readFile(`/proc/${pid}/cmdline`, 'utf8').then(text => text === '', () => true))
    // a group of its own: whatever stands before the process may not pass signals on
    const started = spawn(command, args, { cwd: ROOT, stdio: ['ignore', log.fd, log.fd], env: { ...environment, ...differs }, detached: true })
    await log.close()
    const ended = once(started, 'exit')
    const end = async (): Promise<void> => {
      if (started.exitCode === null && started.signalCode === null && started.pid !== undefined) process.kill(-started.pid, 'SIGKILL')
      await ended
    }
    closers.push(end)
    return end
  }

  // shaped like a key, and sent wherever a key could be put by right or by mistake
  const secretCanary = `sk_${randomBytes(32).toString('base64url')}`
  secrets.add(secretCanary)
  await issue(secretCanary)
  await issue(secretCanary, `{"user":"${secretCanary}`)
  await call(`${api}/v1/${secretCanary}?key=${secretCanary}`, 'GET', secretCanary)
  await call(`${ops}/admin/v1/apps/${secretCanary}`, 'GET', secretCanary)
  await admin('POST', '/apps', { id: secretCanary })

  return {
    api,
    ops,
    ports,
    nodes,
    folder,
    network,
    printed,
    environment: env,
    adminToken,
    up,
    script,
    read,
    call,
    admin,
    createApp,
    issue,
    secrets,
    closers,
    searchLogs: async (t: Test) => { await searchLogs(t, folder, secrets, answered()) },
    pid: async (part: string) => Number.parseInt(await read('run', `${part}.pid`)),
    signal: async (part: string, signal: NodeJS.Signals) => {
      process.kill(Number.parseInt(await read('run', `${part}.pid`)), signal)
    },
    /** Stops coturn by its supervisor and starts it again as a service manager would; `between` runs while it is down. */
    relaunchCoturn: async (between: () => Promise<void> = async () => {}): Promise<void> => {
      const pid = Number.parseInt(await read('run', 'node-1-coturn.pid'))
      const environment = Object.fromEntries((await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
      process.kill(pid, 'SIGTERM')
      await until('coturn has stopped', async () => await read('nodes', 'node-1', 'coturn', 'turnserver.pid').then(() => false, () => true), 40_000)
      await between()
      const launch = spawn(join(ROOT, 'infra/coturn/launch'), { stdio: 'ignore', env: environment })
      relaunched.push(launch)
      await until('coturn runs again', async () => await relayAnswers(`${network}.1`, ports.coturn))
    },
    relaunch,
    relaunchAgent: async (node: string, differs: Record<string, string>, ...behind: string[]): Promise<() => Promise<void>> => await relaunch(`${node}-relay-agent`, differs, ...behind),
    /** One sample of a process' metrics; `where` picks a series by part of its labels. */
    metric: async (port: number, name: string, where = ''): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      return findSample(text, name, where) ?? 0
    }
  }
}

export type Stack = Awaited<ReturnType<typeof startStack>>
