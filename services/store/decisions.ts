import { RESERVATION_MS } from '../domain/relay-use.ts'
import type { Decision } from '../domain/decision.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** About 25 MB of Redis: hours of a busy day, weeks of a quiet one. */
const DECISIONS_KEPT = 100_000
/** Batches read or searched at a time: a script that searches so many holds up Redis for a millisecond. */
const BATCHES_A_TURN = 25

export interface Reserved {
  app: string
  place: string
  atMs: number
}

/**
 * Keeps records as one value: to Redis, and to whoever shares a core with it, 48 of them cost little more than one.
 * @param lines the JSON of one Decision each, with their ends
 */
export async function writeDecisions (redis: Redis, lines: string, size: number): Promise<void> {
  await redis.recordIssued(centralKeys.decisionBatches, DECISIONS_KEPT, size, lines)
}

/**
 * What an issue uses up. Told twice it is the same as told once.
 * @param reserved places held among the sessions of apps that have a cap on them. @param keysUsed key id -> when it was last used, in ms
 */
export async function writeUse (redis: Redis, reserved: readonly Reserved[], keysUsed: ReadonlyMap<string, number>): Promise<void> {
  const pipeline = redis.pipeline()
  for (const { app, place, atMs } of reserved) {
    const key = centralKeys.reserved(app)
    pipeline.zadd(key, atMs, place)
    pipeline.zremrangebyscore(key, '-inf', atMs - RESERVATION_MS)
    pipeline.pexpire(key, 2 * RESERVATION_MS)
  }
  if (keysUsed.size > 0) pipeline.hset(centralKeys.appKeysUsed, ...[...keysUsed].flat())
  await answersOf(pipeline.exec())
}

export type KeptDecision = Decision & { id: string }

/** Decisions, the newest first, as many at a time as a turn gives. @param before the id of one: only what is older */
export async function * readDecisions (redis: Redis, before?: string): AsyncGenerator<KeptDecision[]> {
  const [untilBatch = Infinity, untilLine = Infinity] = before?.split('-').map(Number) ?? []
  const { oldest, newest } = await batchesKept(redis)
  for (let to = Math.min(newest, untilBatch); to >= oldest; to -= BATCHES_A_TURN) {
    const numbers = Array.from({ length: Math.min(BATCHES_A_TURN, to - oldest + 1) }, (_, index) => to - index)
    const batches = await redis.hmget(centralKeys.decisionBatches, ...numbers.map(String))
    const decisions = numbers.flatMap((number, at) => parseBatch(number, batches[at] ?? '', number === untilBatch ? untilLine : Infinity))
    if (decisions.length > 0) yield decisions
  }
}

/** Takes out every decision about one user; returns how many there were. */
export async function eraseDecisions (redis: Redis, userTag: string): Promise<number> {
  const { oldest, newest } = await batchesKept(redis)
  let erased = 0
  for (let from = oldest; from <= newest; from += BATCHES_A_TURN) {
    erased += await redis.eraseDecisions(centralKeys.decisionBatches, from, Math.min(newest, from + BATCHES_A_TURN - 1), userTag)
  }
  return erased
}

/** Numbers of batches. None is kept where the oldest is the one behind the newest. */
async function batchesKept (redis: Redis): Promise<{ oldest: number, newest: number }> {
  const [newest, dropped] = await redis.hmget(centralKeys.decisionBatches, 'last', 'dropped')
  return { oldest: Number(dropped) + 1, newest: Number(newest) }
}

/** The newest first: what stands before a line. One that is empty was erased. */
function parseBatch (number: number, text: string, untilLine: number): KeptDecision[] {
  return text.split('\n').flatMap((line, at) => at >= untilLine || line === '' ? [] : [{ id: `${number}-${at}`, ...JSON.parse(line) }]).reverse()
}
