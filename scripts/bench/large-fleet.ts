import { Redis } from 'ioredis'
import { noExperience, noneEachStep } from '../../services/domain/load-experience.ts'
import type { ObservedNode } from '../../services/domain/node.ts'
import { dayOf, hourOf, rowSuffix } from '../../services/domain/usage.ts'
import { centralKeys } from '../../services/store/keys.ts'
import { writeObserved } from '../../services/store/nodes.ts'
import { call } from '../native/admin-api.ts'
import { urlOf } from '../native/part.ts'
import { readSecret } from '../native/private-files.ts'
import type { Lab } from './lab.ts'

export const LARGE = { nodes: 1_000, apps: 2_000, regions: 10 }
/** As often as an agent speaks. */
const HEARTBEAT_MS = 5_000
/** The admin API makes one change after the other, and refuses too many at a time. */
const AT_ONCE = 4
/** Of an app that relays: three quarters are idle on any one day. */
const RELAYING_APPS = LARGE.apps / 4
/** A port nobody listens on: a probe of it is answered at once, by the kernel. */
const CLOSED_PORT = 9

/**
 * A fleet and its apps in the central Redis, without a relay: nodes are registered and speak, apps are made by the admin API,
 * and some of them have usage of today. Heartbeats go on until the lab is closed.
 */
export async function makeLargeFleet (lab: Lab): Promise<void> {
  const redis = new Redis(readSecret(lab.paths.redisUrl) ?? '')
  const admin = async (method: string, path: string, body?: unknown): Promise<void> => {
    const { status } = await call(method, `${urlOf(lab.settings.controlPlaneOps)}/admin/v1${path}`, readSecret(lab.paths.adminToken) ?? '', body)
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}`)
  }
  await inTurn(LARGE.nodes, async (index) => { await admin('PUT', `/nodes/${nodeId(index)}`) })
  await inTurn(LARGE.apps, async (index) => { await admin('POST', '/apps', { id: appId(index) }) })
  await bookUsage(redis)
  let beat = 1
  const speak = async (): Promise<void> => {
    await Promise.all(Array.from({ length: LARGE.nodes }, async (_, index) => await writeObserved(redis, nodeId(index), observed(index, beat))))
    beat += 1
  }
  await speak()
  const speaking = setInterval(() => { speak().catch(() => {}) }, HEARTBEAT_MS)
  lab.onClose(() => {
    clearInterval(speaking)
    redis.disconnect()
  })
}

async function inTurn (count: number, make: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < count) await make(next++)
  }))
}

const nodeId = (index: number): string => `node-${String(index).padStart(4, '0')}`
const appId = (index: number): string => `app-${String(index).padStart(4, '0')}`
const regionOf = (index: number): string => `region-${index % LARGE.regions}`

function observed (index: number, beat: number): ObservedNode {
  const address = `127.1.${index >> 8}.${index & 255}`
  return {
    beat,
    clockMs: Date.now(),
    region: regionOf(index),
    relayIps: [address],
    urls: [`turn:${address}:${CLOSED_PORT}?transport=udp`],
    capacityBitsPerSecond: 1e9,
    maxAllocations: 4_000,
    coturnVersion: '4.17.1',
    boot: 'boot',
    sessions: index % 100,
    loadBitsPerSecond: (index % 100) * 1e6,
    unresolved: noneEachStep(),
    experience: noExperience(),
    interfaceBitsPerSecond: (index % 100) * 1e6,
    generationsApplied: [1],
    outboxPending: 0,
    gaps: 0
  }
}

/** A row of the ledger for each app that relays, on two nodes each. */
async function bookUsage (redis: Redis): Promise<void> {
  const hour = hourOf(Date.now())
  const pipeline = redis.pipeline()
  for (let row = 0; row < RELAYING_APPS * 2; row++) {
    const name = `${hour}:${rowSuffix({ app: appId(row >> 1), node: nodeId(row % LARGE.nodes), provider: 'coturn', region: regionOf(row), priceVersion: '0' })}`
    pipeline.hset(centralKeys.ledgerRow(name), { sessions: 10, lostSessions: 0, seconds: 600, bytesIn: 1e8 + row, bytesOut: 1e8, packetsIn: 1e5, packetsOut: 1e5 })
    pipeline.sadd(centralKeys.ledgerDay(dayOf(Date.now())), name)
  }
  pipeline.zadd(centralKeys.ledgerDays, 0, dayOf(Date.now()))
  for (const [error] of await pipeline.exec() ?? []) if (error) throw error
}
