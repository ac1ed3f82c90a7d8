import type { ProviderName } from '../../services/domain/provider.ts'
import type { Call } from './trace.ts'
import type { SimulatedNode, World } from './world.ts'

/** Where a rule sends one credential: nodes with the URLs it names of each, the first of which relays, or somebody else. */
export type Choice = { nodes: ReadonlyArray<{ node: SimulatedNode, urls: number }> } | { provider: Exclude<ProviderName, 'coturn'> }

/** A way to decide, made for one world. */
export interface Rule {
  /** once a second, before the calls of that second */
  look: (second: number) => void
  choose: (call: Call, now: number) => Choice
  /** how often a node was opened or closed to new calls so far */
  flaps: () => number
}

export interface RuleMaker {
  make: (world: World, options: RuleOptions) => Rule
}

export interface RuleOptions {
  /** who serves what the fleet does not */
  spillTo: Exclude<ProviderName, 'coturn'>
  /** region -> regions to go to when it is full, the nearest first */
  neighbours: ReadonlyMap<string, readonly string[]>
}

/** URLs that two nodes have in a reply, or one alone: udp and one way through a firewall, and the udp of the second. */
const [URLS_OF_FIRST, URLS_OF_SECOND, URLS_OF_ONE] = [2, 1, 3]

export function choiceOf ([first, second]: readonly SimulatedNode[], { spillTo }: RuleOptions): Choice {
  if (!first) return { provider: spillTo }
  return { nodes: second ? [{ node: first, urls: URLS_OF_FIRST }, { node: second, urls: URLS_OF_SECOND }] : [{ node: first, urls: URLS_OF_ONE }] }
}

/** How far a node is from a caller: its own region, neighbours in their order, the rest. */
export function distanceOf (region: string, node: SimulatedNode, { neighbours }: RuleOptions): number {
  if (region === '' || node.plan.region === region) return 0
  const near = neighbours.get(region) ?? []
  const at = near.indexOf(node.plan.region)
  return at < 0 ? near.length + 1 : at + 1
}
