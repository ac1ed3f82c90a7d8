import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { createApiClient } from './api-client.ts'
import { makeCertificate } from './certificates.ts'
import { REGION_CANARY } from './search-logs.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The address of the machine scripts/stand-in-engine makes. */
export const PUBLIC_ADDRESS = '203.0.113.10'

/** All that runs: there is no stand-in for Grafana, and what gives volumes to their user ends at once. */
export const SERVICES = ['alertmanager', 'control-plane', 'coturn', 'ledger', 'node-redis', 'prober', 'prometheus', 'proxy', 'redis', 'relay-agent']
/** From 4.17 on coturn answers the first Allocate of a UDP client, which has no credential yet, without making a session of it. */
export const UNCOUNTED_CHALLENGE = { packetsIn: 1, bytesIn: 28, packetsOut: 1, bytesOut: 92 }

/** One container as `docker compose ps` tells of it. */
export interface Container { Service: string, Name: string, ID: string, State: string, Health: string, ExitCode: number }

/** A whole Spillway in containers, started by ./scripts/up as an operator would, with TLS and all it has but Grafana; further settings as told. */
export async function startComposeStack (t: Test, settings: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-compose-'))
  const { ca, cert, key } = await makeCertificate(join(folder, 'certificate'), PUBLIC_ADDRESS)
  await mkdir(join(folder, 'state', 'tls'), { recursive: true })
  await copyFile(cert, join(folder, 'state', 'tls', 'cert.pem'))
  await copyFile(key, join(folder, 'state', 'tls', 'key.pem'))
  const canary = randomBytes(24).toString('hex')
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    DOCKER_HOST: process.env.DOCKER_HOST ?? '',
    DOCKER_CONFIG: process.env.DOCKER_CONFIG ?? '',
    COMPOSE_PROJECT_NAME: 'spillway-test',
    COMPOSE_ENV_FILES: join(folder, 'env'),
    // there is no stand-in for Grafana
    COMPOSE_PROFILES: '',
    SPILLWAY_STATE_DIR: join(folder, 'state'),
    SPILLWAY_BUILD_TARGET: 'prebuilt',
    // the most this machine allows may be less than what the compose file asks for
    SPILLWAY_NOFILE: '16384',
    SPILLWAY_LOG_LEVEL: 'debug',
    SPILLWAY_NODE_REGION: REGION_CANARY,
    SPILLWAY_PROBER_TLS_CA: ca,
    SPILLWAY_STATIC_ICE_SERVERS: JSON.stringify([{ urls: ['turn:192.0.2.9:3478?transport=udp'], username: 'operator', credential: canary }]),
    ...settings
  }
  const script = async (name: string, ...args: string[]) =>
    (await run(join(ROOT, 'scripts', name), args, { cwd: ROOT, env: environment, timeout: 240_000, maxBuffer: 1 << 24 })).stdout
  const docker = async (...args: string[]) => (await run('docker', args, { cwd: ROOT, env: environment, timeout: 120_000, maxBuffer: 1 << 26 })).stdout
  const compose = async (...args: string[]) => await docker('compose', ...args)
  const closers: Array<() => Promise<void>> = []
  t.teardown(async () => {
    for (const close of closers) await close()
    await script('down', '-v')
    await rm(folder, { recursive: true, force: true })
  })

  const printed = await script('up', '--detach').catch(async (error: unknown) => {
    // a test file that ends here runs no teardown; the containers end with their engine
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const read = async (...path: string[]) => (await readFile(join(folder, 'state', ...path), 'utf8')).trim()
  const client = createApiClient({ api: 'http://127.0.0.1:8080', ops: 'http://127.0.0.1:8081', adminToken: await read('admin-token') })
  client.secrets.add(canary)
  const containers = async (): Promise<Container[]> =>
    (await compose('ps', '--all', '--format', 'json')).split('\n').filter(Boolean).map(line => JSON.parse(line))
  return {
    ...client,
    folder: join(folder, 'state'),
    /** of every script and command from now on */
    environment,
    ca,
    printed,
    nodes: 1,
    ports: { redis: 16_379 },
    closers,
    script,
    docker,
    compose,
    read,
    containers,
    /** waits until every container of these services is found healthy, or unhealthy */
    untilHealth: async (health: 'healthy' | 'unhealthy', services: readonly string[], deadlineMs: number): Promise<void> => {
      const others = async () => (await containers()).filter(({ Service, Health }) => services.includes(Service) && Health !== health)
      await until(`${services.join(', ')} are ${health}`, async () => (await others()).length === 0, deadlineMs, 250)
    }
  }
}

export type ComposeStack = Awaited<ReturnType<typeof startComposeStack>>
