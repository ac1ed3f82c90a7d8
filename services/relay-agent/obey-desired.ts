import type { DesiredNode } from '../domain/node.ts'
import { nodeKeyIdOf } from '../domain/node-keys.ts'
import type { Redis } from '../store/connect.ts'
import { deriveNodeSecret } from '../domain/turn-credential.ts'
import { reconcileSet } from '../store/agent-state.ts'
import { coturnKeys } from '../store/keys.ts'
import type { OpenNodeKeys } from './hold-node-keys.ts'

/**
 * obey: makes coturn's user database say what the control plane wants: the secrets of the wanted generations, and the
 * fleet's relay addresses as allowed peers. coturn reads secrets anew for every allocation and peers every 5 s. Both
 * live in the node's own Redis, so they survive the centre and are put back if that Redis comes back empty. A generation
 * whose node key cannot be had is left out, and not confirmed.
 */
export function createObeyer ({ userRedis, realm, openNodeKeys, ownIps }: { userRedis: Redis, realm: string, openNodeKeys: OpenNodeKeys, ownIps: readonly string[] }) {
  let closed = false
  let applied: number[] = []
  let missing: number[] = []
  let settled = false
  // one change after the other: an obedience begun before the closing must not put back what that takes away
  let last: Promise<unknown> = Promise.resolve()
  async function inTurn<T> (work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return await turn
  }

  return {
    /** Whether it has obeyed or closed once, so that `generationsApplied` is the truth and not just the beginning. */
    get settled (): boolean { return settled },

    /** Generations coturn accepts now. */
    get generationsApplied (): readonly number[] { return applied },

    /** Generations that are wanted and cannot be made here. */
    get generationsMissing (): readonly number[] { return missing },

    /** Returns whether coturn accepts other generations than before. */
    obey: async (desired: DesiredNode): Promise<boolean> => await inTurn(async () => {
      if (closed) return false
      const nodeKeys = await openNodeKeys(desired.nodeKeys)
      const secrets = new Map(desired.generations.flatMap(generation => {
        const nodeKey = nodeKeys.get(nodeKeyIdOf(desired.nodeKeys, generation) ?? '')
        return nodeKey === undefined ? [] : [[generation, deriveNodeSecret(nodeKey, generation)]]
      }))
      const changed = await reconcileSet(userRedis, coturnKeys.secrets(realm), [...secrets.values()]) || String(applied) !== String([...secrets.keys()])
      applied = [...secrets.keys()]
      missing = desired.generations.filter(generation => !secrets.has(generation))
      settled = true
      await reconcileSet(userRedis, coturnKeys.allowedPeers(realm), [...new Set([...desired.fleetIps, ...ownIps])])
      return changed
    }),

    /** Takes all secrets away: from now on coturn makes no new allocation; live sessions keep the key they have. */
    close: async (): Promise<void> => await inTurn(async () => {
      closed = true
      settled = true
      applied = []
      await reconcileSet(userRedis, coturnKeys.secrets(realm), [])
    }),

    reopen (): void {
      closed = false
    }
  }
}
export type Obeyer = ReturnType<typeof createObeyer>
