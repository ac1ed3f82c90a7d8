import type { NodeFacts } from '../domain/node.ts'
import { nextSnapshot } from '../policy/next-snapshot.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { readAppsAndKeys } from '../store/apps.ts'
import type { Redis } from '../store/connect.ts'
import { readNodes, writeDesired } from '../store/nodes.ts'

export interface FleetWatch {
  readonly snapshot: Snapshot | undefined
  /** Reads Redis and makes the next snapshot; throws where Redis could not be read, the snapshot then says so. */
  read: () => Promise<void>
}

/** Keeps the snapshot of this replica, and each node's list of the fleet's relay addresses, which are its allowed peers. */
export function watchFleet (redis: Redis, now: () => number, onInvalidNode: (id: string) => void): FleetWatch {
  let snapshot: Snapshot | undefined
  return {
    get snapshot () { return snapshot },
    async read () {
      try {
        const [nodes, appsAndKeys] = await Promise.all([readNodes(redis, onInvalidNode), readAppsAndKeys(redis, snapshot?.appsAndKeys.version)])
        snapshot = nextSnapshot(snapshot, { nodes, appsAndKeys }, now())
        await allowFleet(redis, nodes)
      } catch (error) {
        snapshot = nextSnapshot(snapshot, undefined, now())
        throw error
      }
    }
  }
}

/** Two clients of one fleet can meet only if each node lets its clients reach the relays of the others. */
async function allowFleet (redis: Redis, nodes: readonly NodeFacts[]): Promise<void> {
  const fleetIps = [...new Set(nodes.flatMap(({ observed }) => observed?.relayIps ?? []))].sort()
  for (const { id, desired } of nodes) {
    if (String(desired.fleetIps) !== String(fleetIps)) await writeDesired(redis, id, { ...desired, fleetIps })
  }
}
