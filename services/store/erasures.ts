import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** The wish that a user be forgotten. */
export interface Erasure {
  userTag: string
  askedAtMs: number
}

export const writeErasure = ({ userTag, askedAtMs }: Erasure): Write =>
  ({ hash: centralKeys.erasures, field: userTag, after: String(askedAtMs) })

/** Users that are still to be forgotten. */
export async function listErasures (redis: Redis): Promise<Erasure[]> {
  return Object.entries(await redis.hgetall(centralKeys.erasures)).map(([userTag, askedAtMs]) => ({ userTag, askedAtMs: Number(askedAtMs) }))
}

/** Called by the ledger once nobody holds anything of the user any more. */
export const settleErasure = (redis: Redis, userTag: string): Promise<number> => redis.hdel(centralKeys.erasures, userTag)
