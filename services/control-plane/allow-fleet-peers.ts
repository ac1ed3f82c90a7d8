import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'

/** Wishes known to allow just these addresses: to compare a list of all nodes with the list of each, every second, is what a large fleet would do most. */
let known = { fleetIps: [] as string[], wishes: new WeakSet<DesiredNode>() }

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((ip, index) => ip === b[index])

/** Two clients of one fleet can meet only if each node lets its clients reach the relays of the others. */
export async function allowFleetPeers (redis: Redis, nodes: readonly NodeFacts[]): Promise<void> {
  const fleetIps = [...new Set(nodes.flatMap(({ observed }) => observed?.relayIps ?? []))].sort()
  if (!isSame(fleetIps, known.fleetIps)) known = { fleetIps, wishes: new WeakSet() }
  const { wishes } = known
  for (const { id, desired } of nodes) {
    if (wishes.has(desired)) continue
    if (isSame(desired.fleetIps, fleetIps)) wishes.add(desired)
    else await replaceDesired(redis, id, desired, { ...desired, fleetIps })
  }
}
