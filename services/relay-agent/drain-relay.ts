import { clearTotalQuota, readTotalQuota, setTotalQuota } from '../store/agent-state.ts'
import type { Redis } from '../store/connect.ts'

/**
 * From the first sight of the wish until coturn is told. Control planes hand the node out no more within about a second;
 * a client that was given its address a moment before fetches, gathers and allocates within this.
 */
export const GRACE_MS = 10_000
/** coturn reads its quota anew every 5 s (src/apps/relay/netengine.c, the thread of the authentication server). */
export const TAKEN_UP_MS = 6_000
/** The smallest there is: 0 is no quota at all. A node that is empty still admits one allocation, and no second beside it. */
const NO_MORE = '1'

/**
 * Shuts new allocations out of coturn, by its quota, and lets them in again by taking that away, whereupon the configured
 * one holds (seen on 4.6.1 and 4.18). It stands in the node's own Redis: it outlives agent and coturn, and is put back
 * where that Redis comes back empty. What runs is not touched: the quota is asked for a new allocation only.
 */
export function createDrainer ({ userRedis, realm, now }: { userRedis: Redis, realm: string, now: () => number }) {
  let wantedSinceMs: number | undefined
  /** where the quota was seen to stand, by a life of the agent before this one too, nobody is waited for any more */
  let graceIsOver = false
  let admitting = true
  /** since when the quota has stood for the other */
  let changingSinceMs: number | undefined

  /** Brings the quota to what is wanted now. Returns whether it shuts new allocations out. */
  async function settle (draining: boolean): Promise<boolean> {
    const shut = await readTotalQuota(userRedis, realm) === NO_MORE
    if (!draining) {
      wantedSinceMs = undefined
      graceIsOver = false
      if (shut) await clearTotalQuota(userRedis, realm)
      return false
    }
    wantedSinceMs ??= now()
    graceIsOver ||= shut || now() - wantedSinceMs >= GRACE_MS
    if (!shut && graceIsOver) await setTotalQuota(userRedis, realm, NO_MORE)
    return graceIsOver
  }

  return {
    /** Whether coturn admits new allocations: false from when it surely refuses them until it surely does not. */
    get admitting (): boolean { return admitting },

    /** Called each second. Returns whether `admitting` is another than before. */
    async obey (draining: boolean): Promise<boolean> {
      const shut = await settle(draining)
      if (shut !== admitting) {
        changingSinceMs = undefined
        return false
      }
      changingSinceMs ??= now()
      if (now() - changingSinceMs < TAKEN_UP_MS) return false
      changingSinceMs = undefined
      admitting = !shut
      return true
    }
  }
}
export type Drainer = ReturnType<typeof createDrainer>
