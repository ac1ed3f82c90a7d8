import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from './until.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** A value that must show up in the logs, so that a search for what must not is known to look in the right place. */
const CANARY = 'canary-in-the-log'

export interface StackOptions {
  /** every stack of a test run has its own ports and loopback network */
  slot: number
  nodes?: number
  environment?: Record<string, string>
}

export interface Answer<Body = any> { status: number, body: Body, headers: Headers }

/** A whole Spillway started by ./scripts/up, as an operator would; everything else is asked over HTTP. */
export async function startStack (t: Test, { slot, nodes = 1, environment = {} }: StackOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-e2e-'))
  const base = 21_000 + slot * 100
  const ports = { api: base, ops: base + 1, ledger: base + 2, redis: base + 10, coturn: base + 30 }
  const network = `127.0.${100 + slot}`
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    SPILLWAY_STATE_DIR: folder,
    SPILLWAY_CONTROL_PLANE_PORT: String(ports.api),
    SPILLWAY_CONTROL_PLANE_OPS_PORT: String(ports.ops),
    SPILLWAY_LEDGER_OPS_PORT: String(ports.ledger),
    SPILLWAY_CENTRAL_REDIS_PORT: String(ports.redis),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(base + 4),
    SPILLWAY_NODE_REDIS_PORT: String(base + 11),
    SPILLWAY_COTURN_CLI_PORT: String(base + 20),
    SPILLWAY_COTURN_PORT: String(ports.coturn),
    SPILLWAY_NODE_NETWORK: network,
    SPILLWAY_NODE_REGION: CANARY,
    ...environment
  }
  const script = async (name: string, ...args: string[]) =>
    await run(join(ROOT, 'scripts', name), args, { cwd: ROOT, env, timeout: 180_000, maxBuffer: 1 << 24 })
  const up = async () => (await script('up', '--native', '--detach', '--nodes', String(nodes))).stdout
  const read = async (...path: string[]) => (await readFile(join(folder, ...path), 'utf8')).trim()
  const secrets: string[] = []

  t.teardown(async () => {
    await script('down')
    await rm(folder, { recursive: true, force: true })
  })

  const printed = await up()
  const adminToken = await read('admin-token')
  const api = `http://127.0.0.1:${ports.api}`
  const ops = `http://127.0.0.1:${ports.ops}`

  async function call<Body = any> (url: string, method: string, token: string, body?: unknown): Promise<Answer<Body>> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const response = await fetch(url, { method, headers, ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) } })
    const text = await response.text()
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text as Body, headers: response.headers }
  }
  const admin = async <Body = any> (method: string, path: string, body?: unknown): Promise<Answer<Body>> =>
    await call<Body>(`${ops}/admin/v1${path}`, method, adminToken, body)

  /** A new app with a secret key of its own. */
  async function createApp (id: string, settings: Record<string, unknown> = {}): Promise<string> {
    await admin('POST', '/apps', { id, ...settings })
    const { body } = await admin('POST', `/apps/${id}/keys`)
    secrets.push(body.key)
    await until('the new key opens its app', async () => (await issue(body.key)).status === 201)
    return body.key
  }
  async function issue (key: string, body?: unknown): Promise<Answer> {
    const answer = await call(`${api}/v1/credentials`, 'POST', key, body)
    if (answer.body.password) secrets.push(answer.body.password)
    return answer
  }

  return {
    api,
    ops,
    ports,
    folder,
    network,
    printed,
    adminToken,
    up,
    script,
    read,
    call,
    admin,
    createApp,
    issue,
    /** what must not stand in any log */
    secrets,
    searchLogs: async (t: Test) => { await searchLogs(t, folder, secrets) },
    pid: async (part: string) => Number.parseInt(await read('run', `${part}.pid`)),
    signal: async (part: string, signal: NodeJS.Signals) => {
      process.kill(Number.parseInt(await read('run', `${part}.pid`)), signal)
    },
    /** Stops coturn by its supervisor and starts it again as a supervisor of an operator's own would; `between` runs while it is down. */
    relaunchCoturn: async (between: () => Promise<void> = async () => {}): Promise<void> => {
      const pid = Number.parseInt(await read('run', 'node-1-coturn.pid'))
      const environment = Object.fromEntries((await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter(Boolean).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
      process.kill(pid, 'SIGTERM')
      await until('coturn has stopped', async () => await read('nodes', 'node-1', 'coturn', 'turnserver.pid').then(() => false, () => true), 40_000)
      await between()
      spawn(join(ROOT, 'infra/coturn/launch'), { detached: true, stdio: 'ignore', env: environment }).unref()
      await until('coturn runs again', async () => await read('nodes', 'node-1', 'coturn', 'turnserver.pid').then(() => true, () => false))
    },
    /** One sample of a process' metrics; `where` picks a series by part of its labels. */
    metric: async (port: number, name: string, where = ''): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      const lines = text.split('\n').filter(line => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(where))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    }
  }
}

export type Stack = Awaited<ReturnType<typeof startStack>>

/** No secret of the stack, and none it gave away, in any log; and the logs are there and tell of the run. */
async function searchLogs (t: Test, folder: string, given: readonly string[]): Promise<void> {
  const logs = await readAll(join(folder, 'log'))
  const own = await readAll(folder, path => /(key|token|password)$/.test(path))
  const secrets = [...own.map(({ text }) => text.trim()), ...given]
  t.ok(secrets.length >= 5, `knows ${secrets.length} secrets to look for`)
  t.ok(logs.some(({ text }) => text.includes(CANARY)), 'the logs hold the canary')
  const found = logs.flatMap(({ path, text }) => secrets.filter(secret => text.includes(secret)).map(() => path))
  t.same(found, [], 'no log holds a secret')
  const requests = logs.filter(({ path }) => path.includes('control-plane')).flatMap(({ text }) => text.split('\n').filter(line => line.includes('"msg":"request"')))
  t.ok(requests.length > 0, `${requests.length} requests are logged`)
}

async function readAll (folder: string, wanted: (path: string) => boolean = () => true): Promise<Array<{ path: string, text: string }>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && wanted(entry.name)).map(entry => join(entry.parentPath, entry.name))
  return await Promise.all(files.map(async path => ({ path, text: await readFile(path, 'utf8') })))
}
