import type { Redis } from '../store/connect.ts'
import { eraseDecisions } from '../store/decisions.ts'
import { listErasures } from '../store/erasures.ts'
import { eraseRevocable } from '../store/revocable.ts'
import type { Revocations } from './revoke-credentials.ts'

/** By then every replica has told what it had issued when the wish was made: each 200 ms, and a command may take two seconds. */
const ALL_TOLD_MS = 5_000

/**
 * The second look for decisions about users to be forgotten, and their credentials that could be revoked, behind the one
 * made when it was asked: what replicas had still in hand then. Once a wish; the ledger lets a wish stand for longer than this takes.
 */
export function createDecisionEraser (redis: Redis, revocations: Pick<Revocations, 'forget'>, now: () => number): () => Promise<void> {
  let done = new Set<string>()
  return async () => {
    const still = new Set<string>()
    for (const { userTag, askedAtMs } of await listErasures(redis)) {
      if (now() - askedAtMs < ALL_TOLD_MS) continue
      const wish = `${userTag} ${askedAtMs}`
      if (!done.has(wish)) {
        revocations.forget(userTag)
        await eraseDecisions(redis, userTag)
        await eraseRevocable(redis, userTag)
      }
      still.add(wish)
    }
    done = still
  }
}
