import type { NodeFacts } from '../domain/node.ts'
import { hasCaps } from '../policy/check-caps.ts'
import { nextSnapshot } from '../policy/next-snapshot.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { readAppsAndKeys } from '../store/apps.ts'
import type { Redis } from '../store/connect.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'
import { readNodes } from '../store/nodes.ts'
import { readRelayUse } from '../store/relay-use.ts'

export interface FleetWatch {
  readonly snapshot: Snapshot | undefined
  /** as last read; none while Redis cannot be */
  readonly nodes: readonly NodeFacts[]
  /** Reads Redis and makes the next snapshot; throws where Redis could not be read, the snapshot then says so. */
  read: () => Promise<void>
}

/** Keeps the snapshot of this replica. */
export function watchFleet (redis: Redis, keyRing: Pick<KeyRingKeeper, 'refresh'>, now: () => number, onInvalidNode: (id: string) => void): FleetWatch {
  let snapshot: Snapshot | undefined
  let nodes: readonly NodeFacts[] = []
  return {
    get snapshot () { return snapshot },
    get nodes () { return nodes },
    async read () {
      try {
        const [readNow, appsAndKeys] = await Promise.all([readNodes(redis, onInvalidNode), readAppsAndKeys(redis, snapshot?.appsAndKeys.version)])
        const apps = (appsAndKeys ?? snapshot?.appsAndKeys)?.apps.values() ?? []
        const relayUse = await readRelayUse(redis, [...apps].filter(({ relayCaps }) => hasCaps(relayCaps)), now())
        // behind the nodes and apps: whatever key these ask for is then in it
        await keyRing.refresh()
        snapshot = nextSnapshot(snapshot, { nodes: readNow, appsAndKeys, relayUse }, now())
        nodes = readNow
      } catch (error) {
        nodes = []
        snapshot = nextSnapshot(snapshot, undefined, now())
        throw error
      }
    }
  }
}
