import type { NodeFacts } from '../domain/node.ts'
import { foreignAddresses } from '../domain/relay-addresses.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'
import { allowedPeers, isLoopback } from './relay-address.ts'

/**
 * Two clients of one fleet can meet only if each node lets its clients reach the relays of the others. What a node says of
 * itself opens that address on all others, so it is believed neither where no relay can be nor where this one may not be.
 */
export async function allowFleetPeers (redis: Redis, nodes: readonly NodeFacts[]): Promise<void> {
  const said = nodes.flatMap(believedOf)
  const peers = { onLoopback: allowedPeers(said, true), elsewhere: allowedPeers(said, false) }
  for (const { id, desired, observed } of nodes) {
    const fleetIps = observed?.relayIps.some(isLoopback) === true ? peers.onLoopback : peers.elsewhere
    if (!isSame(desired.fleetIps, fleetIps)) await replaceDesired(redis, id, desired, { ...desired, fleetIps })
  }
}

function believedOf ({ desired: { addresses }, observed }: NodeFacts): string[] {
  const said = observed?.relayIps ?? []
  const foreign = foreignAddresses(said, addresses)
  return said.filter(address => !foreign.includes(address))
}

const isSame = (some: readonly string[], others: readonly string[]): boolean => some.length === others.length && some.every((ip, index) => ip === others[index])
