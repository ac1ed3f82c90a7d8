import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** The wish that a user be forgotten. */
export const writeErasure = (userTag: string, atMs: number): Write =>
  ({ kind: 'set', key: centralKeys.erasures, field: userTag, before: null, after: String(atMs) })

/** User tags that are still to be forgotten. */
export const listErasures = (redis: Redis): Promise<string[]> => redis.smembers(centralKeys.erasures)

/** Called by the ledger once it holds nothing of the user any more. */
export const settleErasure = (redis: Redis, userTag: string): Promise<number> => redis.srem(centralKeys.erasures, userTag)
