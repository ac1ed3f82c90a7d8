import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { ask } from '../../scripts/native/probe.ts'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { until } from '../../scripts/until.ts'
import { realmOf } from '../../services/domain/node.ts'
import { mintCredential } from '../../services/domain/turn-credential.ts'
import { passwordsOf } from '../../services/domain/turn-password.ts'
import { freshAddress } from './calls.ts'
import type { RedisServer } from './redis-server.ts'

const LAUNCH = resolve(import.meta.dirname, '../../infra/coturn/launch')
const CLI_PASSWORD = 'cli-password-of-the-tests'
const CLI_PORT = 5766
const PORT = 3478

/** A loopback address of this test process alone, so that the usual ports are free on it. */
const ownAddress = (): string => `127.1.${(process.pid >> 8) & 255}.${(process.pid & 255) || 1}`

export interface CoturnOptions {
  node: string
  domain: string
  maxAllocations?: number
}

/** A real coturn, started by launch beside a node's Redis; gone with the test. Its sessions are lost, unless an agent ends them. */
export async function startCoturn (t: Test, redis: RedisServer, { node, domain, maxAllocations = 100 }: CoturnOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-coturn-'))
  const host = ownAddress()
  const cli = { host, port: CLI_PORT, password: CLI_PASSWORD }
  const pidFile = join(folder, 'turnserver.pid')
  const clients: TurnClient[] = []
  let launch: ChildProcess | undefined

  async function start (): Promise<void> {
    launch = spawn(LAUNCH, {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        SPILLWAY_NODE_ID: node,
        SPILLWAY_DOMAIN: domain,
        SPILLWAY_NODE_RELAY_IP: host,
        SPILLWAY_NODE_MAX_ALLOCATIONS: String(maxAllocations),
        SPILLWAY_COTURN_PORT: String(PORT),
        SPILLWAY_COTURN_CLI_HOST: host,
        SPILLWAY_COTURN_CLI_PORT: String(CLI_PORT),
        SPILLWAY_COTURN_CLI_PASSWORD: CLI_PASSWORD,
        SPILLWAY_COTURN_REDIS_PORT: String(redis.port),
        SPILLWAY_COTURN_REDIS_PASSWORD: redis.password('coturn'),
        SPILLWAY_COTURN_RUN_DIR: folder
      }
    })
    // clients need the one, agents the other
    for (const port of [PORT, CLI_PORT]) await until('coturn listens', async () => await ask({ kind: 'tcp', address: { host, port } }) === undefined)
  }

  /** As a crash does; launch ends too, and leaves the next start to its supervisor, which here is the test. */
  async function crash (): Promise<void> {
    if (!launch || launch.exitCode !== null) return
    const ended = once(launch, 'exit')
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
    await ended
  }

  t.teardown(async () => {
    for (const client of clients) await client.close()
    await crash().catch(() => {})
    rmSync(folder, { recursive: true, force: true })
  })
  await start()

  /** A client of this user, logged in with this secret, from an address of its own; nothing is allocated yet. */
  async function connect (userId: string, secret: string): Promise<TurnClient> {
    const { username, credential } = mintCredential(passwordsOf(secret), userId, Math.floor(Date.now() / 1000) + 3600)
    const client = await TurnClient.connect({ host, port: PORT, transport: 'udp', username, password: credential, localAddress: freshAddress() })
    clients.push(client)
    return client
  }

  return { host, cli, port: PORT, realm: realmOf(node, domain), start, crash, connect }
}
