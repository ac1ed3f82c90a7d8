import { isGone } from '../policy/count-votes.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import type { Redis } from '../store/connect.ts'
import { removeHealth } from '../store/health.ts'

/**
 * Drops what probers said that have long been gone: nobody else would. One that speaks again in this very moment does so
 * five seconds later as well. In an outage nobody is known to be gone.
 */
export async function forgetProbers (redis: Redis, snapshot: Snapshot | undefined): Promise<void> {
  if (snapshot?.outageSinceMs !== undefined) return
  for (const { id, probers } of snapshot?.nodes ?? []) {
    for (const { name } of probers.filter(isGone)) await removeHealth(redis, id, name)
  }
}
