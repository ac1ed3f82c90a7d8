import type { DesiredNode } from '../domain/node.ts'
import type { Traffic } from '../domain/session.ts'
import type { Redis } from './connect.ts'
import type { FeedPosition } from './node-feed.ts'
import { coturnKeys, nodeKeys } from './keys.ts'
import { parseDesired } from './nodes.ts'

/** One allocation as folded so far; `username` is coturn's, not yet verified. */
export interface FoldedSession extends Traffic {
  username: string
  startedAtMs: number
  atMs: number
  /** when coturn deleted the allocation; its total is due right behind */
  deletedAtMs?: number
}

export interface AgentCursor {
  position: FeedPosition
  boot: string
  /** names the outbox; a lost outbox starts a new log, so that sequence numbers never come twice under one name */
  log: string
  /** of the last batch put into the outbox */
  sequence: number
  /** how often events may have been missed since the log began */
  gaps: number
}

export interface AgentState {
  cursor: AgentCursor
  sessions: Map<string, FoldedSession>
}

/** What one step of folding changed, saved whole or not at all. */
export interface AgentChange {
  cursor: AgentCursor
  /** allocation -> its new standing, undefined where it ended */
  sessions: ReadonlyMap<string, FoldedSession | undefined>
  /** all sessions are in `sessions`: forget the others (after a resync or a new boot) */
  replaceAll: boolean
  /** to ship, in order */
  batches: readonly OutboxBatch[]
}

/** One batch of the outbox. Sequence numbers only grow; `after` is that of the batch before, so a missing one shows. */
export interface OutboxBatch {
  sequence: number
  after: number
  /** JSON */
  batch: string
}

/** Undefined on a node that has never been followed, or whose Redis came back empty. */
export async function loadAgentState (redis: Redis): Promise<AgentState | undefined> {
  const [cursor, sessions] = await Promise.all([redis.hgetall(nodeKeys.cursor), redis.hgetall(nodeKeys.sessions)])
  if (!cursor.log || !cursor.replicationId) return undefined
  return {
    cursor: {
      position: { replicationId: cursor.replicationId, offset: Number(cursor.offset) },
      boot: cursor.boot ?? '',
      log: cursor.log,
      sequence: Number(cursor.sequence),
      gaps: Number(cursor.gaps)
    },
    sessions: new Map(Object.entries(sessions).map(([allocation, json]) => [allocation, JSON.parse(json)]))
  }
}

/**
 * One transaction: position in the feed, what was made of the events up to it, and the batch that reports them. Safe to
 * repeat after an unknown outcome: the outbox refuses a sequence number it has, everything else is set, not added.
 */
export async function saveAgentChange (redis: Redis, { cursor, sessions, replaceAll, batches }: AgentChange): Promise<void> {
  const transaction = redis.multi()
  if (replaceAll) transaction.del(nodeKeys.sessions)
  const changed: string[] = []
  const ended: string[] = []
  for (const [allocation, session] of sessions) {
    if (session) changed.push(allocation, JSON.stringify(session))
    else ended.push(allocation)
  }
  if (changed.length > 0) transaction.hset(nodeKeys.sessions, ...changed)
  if (ended.length > 0) transaction.hdel(nodeKeys.sessions, ...ended)
  transaction.hset(nodeKeys.cursor, {
    replicationId: cursor.position.replicationId,
    offset: cursor.position.offset,
    boot: cursor.boot,
    log: cursor.log,
    sequence: cursor.sequence,
    gaps: cursor.gaps
  })
  for (const { sequence, after, batch } of batches) transaction.xadd(nodeKeys.outbox, `${sequence}-0`, 'after', after, 'batch', batch)
  const results = await transaction.exec()
  for (const [error] of results ?? []) {
    if (error && !error.message.includes('equal or smaller than the target stream top item')) throw error
  }
}

/** Batches after `sequence`, oldest first. */
export async function readOutbox (redis: Redis, sequence: number, count: number): Promise<OutboxBatch[]> {
  const entries = await redis.xrange(nodeKeys.outbox, `${sequence + 1}-0`, '+', 'COUNT', count)
  return entries.map(([id, [, after, , batch = '']]) => ({ sequence: Number.parseInt(id), after: Number(after), batch }))
}

/** Forgets batches up to `sequence`. */
export const trimOutbox = (redis: Redis, sequence: number): Promise<unknown> =>
  redis.xtrim(nodeKeys.outbox, 'MINID', `${sequence + 1}-0`)

/** How many batches the outbox keeps, those applied lately included. */
export const countOutbox = (redis: Redis): Promise<number> => redis.xlen(nodeKeys.outbox)

/** The boot launch announced last; null where none was (the node's Redis came back empty). */
export const readBoot = (redis: Redis): Promise<string | null> => redis.get(nodeKeys.boot)

/** Names the boot that runs where launch has not; returns the name that stands, which may be launch's after all. */
export async function ensureBoot (redis: Redis, boot: string): Promise<string> {
  await redis.set(nodeKeys.boot, boot, 'NX')
  return await redis.get(nodeKeys.boot) ?? boot
}

/** What the control plane wanted of this node last, kept where the node can read it without the centre. */
export const saveDesired = (redis: Redis, desired: DesiredNode): Promise<unknown> => redis.set(nodeKeys.desired, JSON.stringify(desired))
export const readSavedDesired = async (redis: Redis): Promise<DesiredNode | null> => parseDesired(await redis.get(nodeKeys.desired))

/** Node keys that came sealed, by their ids, sealed under the key of the configuration: kept beyond the rotation that brought them. */
export const readNodeKeys = (redis: Redis): Promise<Record<string, string>> => redis.hgetall(nodeKeys.nodeKeys)
export const forgetNodeKey = (redis: Redis, id: string): Promise<unknown> => redis.hdel(nodeKeys.nodeKeys, id)
export const saveNodeKey = (redis: Redis, id: string, sealed: string): Promise<unknown> => redis.hset(nodeKeys.nodeKeys, id, sealed)

/** Tells launch that every session of this boot has ended and its total is safe. */
export const announceDrained = (redis: Redis, boot: string): Promise<unknown> => redis.set(nodeKeys.drained, boot)

const STATUS_KEY = /^(.*)\/allocation\/(\d{18})\/status$/

/** Live allocations by coturn's own status keys: allocation -> username. `redis` is on the stats database. */
export async function readStatusKeys (redis: Redis, realm: string): Promise<Map<string, string>> {
  const prefix = coturnKeys.allocationPrefix(realm)
  const live = new Map<string, string>()
  let cursor = '0'
  do {
    const [next, names] = await redis.scan(cursor, 'MATCH', 'turn/realm/*/status', 'COUNT', 1000)
    cursor = next
    for (const name of names) {
      if (!name.startsWith(prefix)) continue
      const match = STATUS_KEY.exec(name.slice(prefix.length))
      if (match) live.set(match[2] ?? '', match[1] ?? '')
    }
  } while (cursor !== '0')
  return live
}

/** The quota of all allocations of a realm that stands in coturn's user database before the configured one; `redis` is on that database. */
export const readTotalQuota = (redis: Redis, realm: string): Promise<string | null> => redis.get(coturnKeys.totalQuota(realm))
export const setTotalQuota = (redis: Redis, realm: string, allocations: string): Promise<unknown> => redis.set(coturnKeys.totalQuota(realm), allocations)
export const clearTotalQuota = (redis: Redis, realm: string): Promise<unknown> => redis.del(coturnKeys.totalQuota(realm))

/** Makes a set of coturn's user database equal to `wanted`; `redis` is on that database. Returns whether it changed. */
export async function reconcileSet (redis: Redis, key: string, wanted: readonly string[]): Promise<boolean> {
  const present = new Set(await redis.smembers(key))
  const missing = wanted.filter(member => !present.has(member))
  const surplus = [...present].filter(member => !wanted.includes(member))
  if (missing.length > 0) await redis.sadd(key, ...missing)
  if (surplus.length > 0) await redis.srem(key, ...surplus)
  return missing.length + surplus.length > 0
}
