import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { freePort } from '../../scripts/free-port.ts'
import { connectRedis, untilReady } from '../../services/store/connect.ts'
import type { Redis } from '../../services/store/connect.ts'

const infra = resolve(import.meta.dirname, '../../infra/redis')
const READY = 'Ready to accept connections'
const START_DEADLINE_MS = 10_000
/** Between finding a free port and Redis binding it, another test may take it. */
const START_ATTEMPTS = 5

/** `coturn` and `agent` are the users of infra/redis/node.acl.template; `operator` may do anything, for the tests' own hands. */
export type RedisUser = 'coturn' | 'agent' | 'operator'
const passwords: Record<RedisUser, string> = { coturn: 'coturn-password', agent: 'agent-p@ss:word', operator: 'operator-password' }

export interface RedisServerOptions {
  /** which configuration of infra/redis to run with, its users included; without one a bare Redis that keeps nothing */
  variant?: 'node' | 'central'
  /** configuration lines behind it, which win */
  lines?: readonly string[]
}

export interface RedisServer {
  readonly port: number
  readonly pid: number
  /** where it can be reached; a node variant wants to know as whom */
  url: (user?: RedisUser) => string
  password: (user: RedisUser) => string
  /** a connection ready for commands, closed with the test */
  connect: (options?: { user?: RedisUser, database?: number }) => Promise<Redis>
  /** TERM, as a service manager stops it */
  stop: () => Promise<void>
  kill9: () => Promise<void>
  /** starts it again on the same port and data, after stop or kill9 */
  start: () => Promise<void>
  restart: () => Promise<void>
  /** it keeps its connections and answers nothing */
  pause: () => void
  resume: () => void
}

/** A private redis-server on loopback, gone with the test together with its data. */
export async function startRedisServer (t: Test, options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-redis-'))
  let child: ChildProcess | undefined
  // a test that is cut short runs no teardown
  const endWithProcess = () => { child?.kill('SIGKILL') }
  process.once('exit', endWithProcess)
  t.teardown(async () => {
    process.off('exit', endWithProcess)
    await end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function end (signal: NodeJS.Signals): Promise<void> {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const exited = once(running, 'exit')
    running.kill(signal)
    await exited
  }

  async function start (): Promise<void> {
    child = spawn('redis-server', [join(folder, 'redis.conf')], { stdio: ['ignore', 'pipe', 'inherit'] })
    await untilReadyToServe(child)
  }

  let port = 0
  for (let attempt = 1; ; attempt++) {
    port = await freePort()
    writeFileSync(join(folder, 'redis.conf'), configuration(folder, port, options))
    try {
      await start()
      break
    } catch (error) {
      await end('SIGKILL')
      if (attempt === START_ATTEMPTS) throw error
    }
  }

  const url = (user: RedisUser = 'operator'): string => {
    const name = user === 'coturn' ? 'default' : user
    return options.variant === 'node'
      ? `redis://${name}:${encodeURIComponent(passwords[user])}@127.0.0.1:${port}`
      : `redis://127.0.0.1:${port}`
  }
  return {
    port,
    get pid () { return child?.pid ?? 0 },
    url,
    password: user => passwords[user],
    connect: async ({ user, database } = {}) => {
      const redis = connectRedis({ url: url(user), onError: () => {}, ...database === undefined ? {} : { database } })
      t.teardown(() => { redis.disconnect() })
      if (!await untilReady(redis, START_DEADLINE_MS)) throw new Error('the test Redis does not answer')
      return redis
    },
    stop: async () => { await end('SIGTERM') },
    kill9: async () => { await end('SIGKILL') },
    start,
    restart: async () => {
      await end('SIGTERM')
      await start()
    },
    pause: () => { child?.kill('SIGSTOP') },
    resume: () => { child?.kill('SIGCONT') }
  }
}

function configuration (folder: string, port: number, { variant, lines = [] }: RedisServerOptions): string {
  const conf = [
    ...variant ? [`include ${join(infra, `${variant}.conf`)}`] : ['save ""'],
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${folder}`,
    ...lines
  ]
  if (variant === 'node') {
    const sha256 = (user: RedisUser) => createHash('sha256').update(passwords[user]).digest('hex')
    const acl = readFileSync(join(infra, 'node.acl.template'), 'utf8')
      .replace('@COTURN_PASSWORD_SHA256@', sha256('coturn'))
      .replace('@AGENT_PASSWORD_SHA256@', sha256('agent'))
    writeFileSync(join(folder, 'users.acl'), `${acl.trimEnd()}\nuser operator on #${sha256('operator')} ~* &* +@all\n`)
    conf.push(`aclfile ${join(folder, 'users.acl')}`)
  }
  return `${conf.join('\n')}\n`
}

async function untilReadyToServe (child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error('redis-server was started without its log')
  const log: string[] = []
  const lines = createInterface({ input: child.stdout })
  const deadline = setTimeout(() => { child.kill('SIGKILL') }, START_DEADLINE_MS)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => { reject(new Error(`redis-server ended at its start:\n${log.join('\n')}`)) })
    lines.on('line', line => {
      log.push(line)
      if (line.includes(READY)) resolve()
    })
  }).finally(() => {
    clearTimeout(deadline)
    // what it logs from here on is read and dropped, so that its pipe never fills
    lines.removeAllListeners('line').on('line', () => {})
  })
}
