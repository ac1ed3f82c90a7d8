import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { until } from '../../scripts/until.ts'
import type { Redis } from '../../services/store/connect.ts'
import type { RedisServer } from './redis-server.ts'
import { relayAnswers } from './relay-answers.ts'

const LAUNCH = resolve(import.meta.dirname, '../../infra/coturn/launch')
const COTURN_PASSWORD = 'coturn-password'
export const PORT = 3478
export const TLS_PORT = 5349

let started = 0
/** A loopback address that no other server of this run has. Never Redis' own: newer coturns relay nothing there. */
function ownAddress (): string {
  started += 1
  return `127.${64 + process.pid % 64}.${(process.pid >> 6) % 256}.${started}`
}

export interface CoturnServer {
  /** where it listens, on PORT and TLS_PORT unless told otherwise, and relays */
  address: string
  /** a REST credential of a secret in its user database, unless of another */
  credential: (secret?: string) => { username: string, password: string }
  /** its status keys: one an allocation */
  allocations: () => Promise<string[]>
  /** resolves when every thread of it has stopped */
  pause: () => Promise<void>
  resume: () => void
  kill9: () => Promise<void>
}

export interface CoturnOptions {
  /** a node variant; several may share one, as their realms differ */
  redis: RedisServer
  /** which turnserver; without it the one of this machine */
  turnserver?: string | undefined
  /** instead of a loopback address and the usual ports of its own */
  at?: { address: string, port: number, tlsPort: number }
  /** of infra/coturn/launch, by name without SPILLWAY_ */
  settings?: (address: string) => Record<string, string> | Promise<Record<string, string>>
}

/** A coturn of a test's own, started as every node's is, with one secret in its user database; gone with the test. */
export async function startCoturn (t: Test, { redis, turnserver, at, settings }: CoturnOptions): Promise<CoturnServer> {
  const { address, port, tlsPort } = at ?? { address: ownAddress(), port: PORT, tlsPort: TLS_PORT }
  const nodeId = `node-${address.replaceAll(/[.:]/g, '-')}`
  const realm = `${nodeId}.spillway.internal`
  const secret = `secret-of-${nodeId}`
  const users = await redis.connect({ user: 'operator', database: 1 })
  await users.sadd(`turn/realm/${realm}/secret`, secret)
  const pid = await launch(t, turnserver, {
    NODE_ID: nodeId,
    NODE_RELAY_IP: address,
    NODE_ALLOWED_PEERS: address,
    COTURN_PORT: String(port),
    COTURN_TLS_PORT: String(tlsPort),
    COTURN_REDIS_PORT: String(redis.port),
    COTURN_REDIS_PASSWORD: COTURN_PASSWORD,
    COTURN_CLI_PORT: String(await freePort()),
    COTURN_CLI_PASSWORD: 'cli-password',
    ...await settings?.(address)
  })
  await until('coturn answers', async () => await relayAnswers(address, port))
  let status: Redis | undefined
  return {
    address,
    credential: (by = secret) => {
      const username = `${Math.floor(Date.now() / 1000) + 600}:probe`
      return { username, password: createHmac('sha1', by).update(username).digest('base64') }
    },
    allocations: async () => {
      status ??= await redis.connect({ user: 'operator', database: 2 })
      return await status.keys(`turn/realm/${realm}/*/status`)
    },
    pause: async () => {
      process.kill(pid, 'SIGSTOP')
      await until('coturn has stopped', () => readdirSync(`/proc/${pid}/task`).every(thread => / T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))))
    },
    resume: () => { process.kill(pid, 'SIGCONT') },
    kill9: async () => {
      process.kill(pid, 'SIGKILL')
      await until('coturn has ended', () => !isAlive(pid))
    }
  }
}

/** Resolves with coturn's pid. launch ends by itself behind a coturn that was killed. */
async function launch (t: Test, turnserver: string | undefined, settings: Record<string, string>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-coturn-'))
  const path = [...turnserver === undefined ? [] : [dirname(turnserver)], process.env.PATH ?? ''].join(delimiter)
  const environment = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`SPILLWAY_${name}`, value]))
  const child = spawn(LAUNCH, { env: { PATH: path, SPILLWAY_COTURN_RUN_DIR: folder, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let pid: number | undefined
  const kill = (): void => {
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL')
    else if (pid === undefined) child.kill('SIGKILL')
  }
  // a test that is cut short runs no teardown
  process.once('exit', kill)
  t.teardown(async () => {
    process.off('exit', kill)
    kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said.push(text) })
  return await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (pid === undefined) said.push(line)
      pid ??= Number(/^launch: coturn .* pid (\d+),/.exec(line)?.[1] ?? NaN) || undefined
      if (pid !== undefined) resolve(pid)
    })
    child.once('close', () => { reject(new Error(`launch ended at its start:\n${said.join('\n')}`)) })
  })
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
