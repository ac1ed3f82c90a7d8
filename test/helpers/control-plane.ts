import type { Test } from 'tap'
import { residentBytesOf } from '../../scripts/bench/process-cost.ts'
import { until } from '../../scripts/until.ts'
import type { ObservedNode } from '../../services/domain/node.ts'
import { writeObserved } from '../../services/store/nodes.ts'
import { startOwnProcess } from './own-process.ts'
import { startRedisServer } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'
import { noExperience, noneEachStep } from '../../services/domain/load-experience.ts'
import { findSample } from './samples.ts'

export const MASTER_KEY = 'master-key-of-the-tests-'.padEnd(40, 'm')
export const ADMIN_TOKEN = 'root-token-of-the-tests-'.padEnd(40, 'a')

export interface ControlPlaneOptions {
  /** the central Redis, for replicas and processes that share one; without it the process gets its own */
  redis?: RedisServer
  settings?: Record<string, string>
}

export interface Answer<Body = any> {
  status: number
  headers: Headers
  /** parsed where it is JSON */
  body: Body
  text: string
}

export interface Asked {
  token?: string
  /** text is sent as it is, all else as JSON */
  body?: unknown
  headers?: Record<string, string>
}

/** Asks over HTTP, as a stranger would. */
export async function ask<Body = any> (url: string, method: string, { token, body, headers = {} }: Asked = {}): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: { ...token === undefined ? {} : { authorization: `Bearer ${token}` }, ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
    ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== ''
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body, text }
}

/** RFC 9457, and nothing beside it. */
export function expectProblem (t: Test, { status, headers, body }: Answer, expectedStatus: number, code: string, what: string): void {
  t.match({ status, type: headers.get('content-type'), body }, { status: expectedStatus, type: /^application\/problem\+json/, body: { type: 'about:blank', title: /./, status: expectedStatus, code, detail: /./ } }, what)
  t.same(Object.keys(body).sort(), ['code', 'detail', 'status', 'title', 'type'], `${what}: no more than that`)
  t.equal(headers.get('cache-control'), 'no-store')
}

/** The control plane as a process over a real Redis; everything else is asked over HTTP. Gone with the test. */
export async function startControlPlane (t: Test, { redis: shared, settings = {} }: ControlPlaneOptions = {}) {
  const redis = shared ?? await startRedisServer(t, { variant: 'central' })
  const own = startOwnProcess(t, 'control-plane', {
    SPILLWAY_REDIS_URL: redis.url(),
    SPILLWAY_MASTER_KEY: MASTER_KEY,
    SPILLWAY_ADMIN_TOKEN: ADMIN_TOKEN,
    SPILLWAY_CONTROL_PLANE_PORT: '0',
    SPILLWAY_CONTROL_PLANE_OPS_PORT: '0',
    SPILLWAY_STUN_URLS: 'stun:stun.example.org:3478',
    ...settings
  })
  const ports = await own.started()
  const [apiPort, opsPort] = [ports.api?.port ?? 0, ports.ops?.port ?? 0]
  const [api, ops] = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${opsPort}`]

  /** One sample of its metrics, summed over the series whose labels hold `where`. */
  const metric = async (name: string, where = ''): Promise<number> => {
    const { text } = await ask(`${ops}/metrics`, 'GET')
    return findSample(text, name, where) ?? 0
  }
  const admin = async <Body = any> (method: string, path: string, body?: unknown, token = ADMIN_TOKEN): Promise<Answer<Body>> =>
    await ask<Body>(`${ops}/admin/v1${path}`, method, { token, body })
  const issue = async (key: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    await ask(`${api}/v1/credentials`, 'POST', { token: key, body, headers })

  /** A new key of an app, once it is known to whoever asks with it. */
  async function createKey (app: string, kind: 'secret' | 'publishable' = 'secret'): Promise<string> {
    const { body: { key } } = await admin('POST', `/apps/${app}/keys`, { kind })
    await until('the new key is known', async () => (await issue(key)).body.code !== 'unauthorized')
    return key
  }

  /** What the agent of a node says, as Redis then holds it. */
  async function heartbeat (id: string, observed: Partial<ObservedNode> = {}): Promise<void> {
    await writeObserved(await redis.connect(), id, {
      beat: 1, clockMs: 1, region: 'eu', relayIps: ['192.0.2.1'], urls: [`turn:${id}.example.org:3478?transport=udp`], capacityBitsPerSecond: 1e9, maxAllocations: 100, coturnVersion: '4.17.0', boot: 'b', sessions: 0, loadBitsPerSecond: 0, unresolved: noneEachStep(), experience: noExperience(), interfaceBitsPerSecond: null, generationsApplied: [1], outboxPending: 0, gaps: 0, ...observed
    })
  }

  return {
    redis,
    api,
    ops,
    apiPort,
    opsPort,
    pid: own.pid,
    get running () { return own.running },
    /** all it has logged so far */
    get log () { return own.said.stdout + own.said.stderr },
    terminate: own.terminate,
    exit: own.exit,
    metric,
    admin,
    issue,
    createKey,

    /** A new app; returns its secret key, ready for use. */
    createApp: async (id: string, settings: Record<string, unknown> = {}): Promise<string> => {
      const { status, text } = await admin('POST', '/apps', { id, ...settings })
      if (status !== 201) throw new Error(`no app ${id}: ${text}`)
      return await createKey(id)
    },

    /** A node that has spoken once, so that credentials are its own: up for 15 s, then unknown, which serves as well. */
    addNode: async (id: string, observed: Partial<ObservedNode> = {}): Promise<void> => {
      await admin('PUT', `/nodes/${id}`)
      await heartbeat(id, observed)
      await until('the node is up', async () => await metric('spillway_node_up', `node="${id}"`) === 1)
    },

    heartbeat,

    /** Resolves once it acts on everything that stands in Redis now: the next read may have begun before. */
    caughtUp: async (): Promise<void> => {
      const now = await metric('spillway_snapshot_generation')
      await until('the snapshot was read anew', async () => await metric('spillway_snapshot_generation') >= now + 2)
    },

    /** Resident memory in bytes, as the kernel counts it. */
    residentBytes: (): number => residentBytesOf(own.pid)
  }
}
export type ControlPlane = Awaited<ReturnType<typeof startControlPlane>>
