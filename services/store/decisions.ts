import { RESERVATION_MS } from '../domain/relay-use.ts'
import type { Decision } from '../domain/decision.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** About 25 MB of Redis: hours of a busy day, weeks of a quiet one. */
const DECISIONS_KEPT = 100_000
/** About so many are read or searched at a time: that holds up Redis, and this process, for a millisecond or two. */
const DECISIONS_A_TURN = 1_000

export interface Reserved {
  app: string
  place: string
  atMs: number
}

/** The JSON of one a line, each with its end. */
export const spellDecisions = (decisions: readonly Decision[]): string => decisions.map(decision => `${JSON.stringify(decision)}\n`).join('')

/**
 * Keeps a batch as one value: to Redis, and to whoever shares a core with it, it costs a quarter of what its records cost one by one.
 * @param lines as spellDecisions makes them, in UTF-8. @param size how many they are
 */
export async function writeDecisions (redis: Redis, lines: Buffer, size: number): Promise<void> {
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

/** The newest first, by turns. `oldest`: what is older than all that a turn looked at is before this id. @param before an id */
export async function * readDecisions (redis: Redis, before?: string): AsyncGenerator<{ decisions: KeptDecision[], oldest: string }> {
  const [untilBatch = Infinity, untilLine = Infinity] = before?.split('-').map(Number) ?? []
  for await (const numbers of turnsOf(redis, untilBatch)) {
    const batches = await redis.hmget(centralKeys.decisionBatches, ...numbers.map(String))
    const decisions = numbers.flatMap((number, at) => parseBatch(number, batches[at] ?? '', number === untilBatch ? untilLine : Infinity))
    yield { decisions, oldest: `${numbers.at(-1)}-0` }
  }
}

/** Takes out every decision about one user; returns how many there were. */
export async function eraseDecisions (redis: Redis, userTag: string): Promise<number> {
  let erased = 0
  for await (const numbers of turnsOf(redis)) {
    erased += await redis.eraseDecisions(centralKeys.decisionBatches, Math.min(...numbers), Math.max(...numbers), userTag)
  }
  return erased
}

/** Numbers of batches, the newest first: a batch holds one decision on a quiet day, and more than a hundred on a busy one. */
async function * turnsOf (redis: Redis, newest = Infinity): AsyncGenerator<number[]> {
  const [last = 0, dropped = 0] = (await redis.hmget(centralKeys.decisionBatches, 'last', 'dropped')).map(Number)
  let from = Math.min(last, newest)
  while (from > dropped) {
    const numbers = Array.from({ length: Math.min(from - dropped, DECISIONS_A_TURN) }, (_, index) => from - index)
    const sizes = await redis.hmget(centralKeys.decisionBatches, ...numbers.map(number => `size:${number}`))
    const turn = numbers.slice(0, countEnough(sizes.map(Number)))
    yield turn
    from -= turn.length
  }
}

/** How many of the first batches make a turn. */
function countEnough (sizes: readonly number[]): number {
  let decisions = 0
  for (const [at, size] of sizes.entries()) {
    decisions += size
    if (decisions >= DECISIONS_A_TURN) return at + 1
  }
  return sizes.length
}

/** The newest first: what stands before a line. One that is empty was erased. */
function parseBatch (number: number, text: string, untilLine: number): KeptDecision[] {
  return text.split('\n').flatMap((line, at) => at >= untilLine || line === '' ? [] : [{ id: `${number}-${at}`, ...JSON.parse(line) }]).reverse()
}
