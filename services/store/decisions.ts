import { RESERVATION_MS } from '../domain/relay-use.ts'
import type { Decision } from '../domain/decision.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** About 25 MB of Redis: hours of a busy day, weeks of a quiet one. */
const DECISIONS_KEPT = 100_000

export interface Reserved {
  app: string
  place: string
  atMs: number
}

/** @param lines the JSON of one Decision each, with their ends */
export const writeDecisions = async (redis: Redis, lines: string): Promise<number> =>
  await redis.recordIssued(centralKeys.decisions, DECISIONS_KEPT, lines)

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

/** Decisions of one page, the newest first, and where the next page begins. */
export async function readDecisions (redis: Redis, before: string | undefined, count: number): Promise<{ decisions: Array<Decision & { id: string }>, oldest: string | undefined }> {
  // nothing is before the first id there can be, and Redis will not be asked for it
  if (before !== undefined && /^0+-0+$/.test(before)) return { decisions: [], oldest: undefined }
  const entries = await redis.xrevrange(centralKeys.decisions, before === undefined ? '+' : `(${before}`, '-', 'COUNT', count)
  return {
    decisions: entries.map(([id, fields]) => ({ id, ...JSON.parse(fields[1] ?? '{}') })),
    oldest: entries.length < count ? undefined : entries.at(-1)?.[0]
  }
}

/** Takes out every decision about one user; returns how many there were. */
export async function eraseDecisions (redis: Redis, userTag: string): Promise<number> {
  let erased = 0
  let before: string | undefined
  do {
    const { decisions, oldest } = await readDecisions(redis, before, 1000)
    const own = decisions.filter(decision => decision.userTag === userTag).map(({ id }) => id)
    if (own.length > 0) erased += await redis.xdel(centralKeys.decisions, ...own)
    before = oldest
  } while (before !== undefined)
  return erased
}
