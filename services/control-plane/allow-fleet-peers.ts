import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'

/** Two clients of one fleet can meet only if each node lets its clients reach the relays of the others. */
export async function allowFleetPeers (redis: Redis, nodes: readonly NodeFacts[]): Promise<void> {
  const fleetIps = [...new Set(nodes.flatMap(({ observed }) => observed?.relayIps ?? []))].sort()
  const isAllowed = ({ fleetIps: allowed }: DesiredNode): boolean => allowed.length === fleetIps.length && allowed.every((ip, index) => ip === fleetIps[index])
  for (const { id, desired } of nodes) {
    if (!isAllowed(desired)) await replaceDesired(redis, id, desired, { ...desired, fleetIps })
  }
}
