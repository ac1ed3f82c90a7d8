import type { NodeFacts } from '../domain/node.ts'
import { hasCaps } from '../policy/check-caps.ts'
import { nextSnapshot } from '../policy/next-snapshot.ts'
import type { Facts, Snapshot } from '../policy/next-snapshot.ts'
import type { Policy } from '../policy/settings.ts'
import { readAppsAndKeys } from '../store/apps.ts'
import type { Redis } from '../store/connect.ts'
import { readMoney } from '../store/budgets.ts'
import { readHealth } from '../store/health.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'
import { readNodes } from '../store/nodes.ts'
import { readPromises } from '../store/promises.ts'
import { readRelayUse } from '../store/relay-use.ts'

export interface FleetWatch {
  readonly snapshot: Snapshot | undefined
  /** as last read; none while Redis cannot be, or is not believed */
  readonly nodes: readonly NodeFacts[]
  /** Reads Redis and makes the next snapshot; throws where Redis could not be read, or not be believed: the snapshot then says so. */
  read: () => Promise<void>
}

export interface FleetWatchOptions {
  redis: Redis
  keyRing: Pick<KeyRingKeeper, 'refresh'>
  policy: Policy
  /** the name of this control plane among others */
  replica: string
  now: () => number
  /** of a node whose heartbeat cannot be read, of a prober whose word cannot be */
  onInvalidNode: (id: string) => void
  onInvalidHealth: (prober: string) => void
}

/** Keeps the snapshot of this replica. */
export function watchFleet ({ redis, keyRing, policy, replica, now, onInvalidNode, onInvalidHealth }: FleetWatchOptions): FleetWatch {
  let snapshot: Snapshot | undefined
  let nodes: readonly NodeFacts[] = []
  return {
    get snapshot () { return snapshot },
    get nodes () { return nodes },
    async read () {
      let facts: Facts
      try {
        // before the nodes: where the last one is missing, an entry of the audit that this read has seen may say why
        const appsAndKeys = await readAppsAndKeys(redis, snapshot?.appsAndKeys.version)
        const readNow = await readNodes(redis, onInvalidNode)
        const apps = (appsAndKeys ?? snapshot?.appsAndKeys)?.apps.values() ?? []
        const [health, promises, relayUse, money] = await Promise.all([
          readHealth(redis, readNow.map(({ id }) => id), onInvalidHealth),
          readPromises(redis, replica),
          readRelayUse(redis, [...apps].filter(({ relayCaps }) => hasCaps(relayCaps)), now()),
          readMoney(redis, now())
        ])
        // behind the nodes and apps: whatever key these ask for is then in it
        await keyRing.refresh()
        facts = { nodes: readNow, health, appsAndKeys, relayUse, promises, money }
      } catch (error) {
        nodes = []
        snapshot = nextSnapshot(snapshot, undefined, now(), policy)
        throw error
      }
      snapshot = nextSnapshot(snapshot, facts, now(), policy)
      const isBelieved = snapshot?.outageReason === undefined
      nodes = isBelieved ? facts.nodes : []
      if (!isBelieved) throw new Error('it answers, but the fleet it held is gone: restore its data, or start the control planes anew if it shall be empty')
    }
  }
}
