import type { NodeFacts } from '../domain/node.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'

/** Two clients of one fleet can meet only if each node lets its clients reach the relays of the others. */
export async function allowFleetPeers (redis: Redis, nodes: readonly NodeFacts[]): Promise<void> {
  const fleetIps = [...new Set(nodes.flatMap(({ observed }) => observed?.relayIps ?? []))].sort()
  for (const { id, desired } of nodes) {
    if (String(desired.fleetIps) !== String(fleetIps)) await replaceDesired(redis, id, desired, { ...desired, fleetIps })
  }
}
