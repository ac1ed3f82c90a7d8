import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** What one replica has spent of one limit and not yet paid for. */
export interface Spent {
  limit: string
  perMinute: number
  tokens: number
}

export interface Paid {
  /** tokens taken out of the bucket: as many as were spent, or all there were */
  tokens: number
  /** tokens still in it */
  left: number
}

/** Pays for what was spent, all limits in one script; the clock is Redis' own. */
export async function takeTokens (redis: Redis, spent: readonly Spent[]): Promise<Paid[]> {
  const answer = await redis.takeTokens(spent.length, ...spent.map(({ limit }) => centralKeys.limit(limit)), ...spent.flatMap(({ perMinute, tokens }) => [perMinute, tokens]))
  return spent.map((_, index) => ({ tokens: answer[index * 2] ?? 0, left: answer[index * 2 + 1] ?? 0 }))
}
