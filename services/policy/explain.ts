import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import { candidatesOf, decideRoute, mayRelayIn, rankNodes } from './decide-route.ts'
import type { RouteRequest } from './decide-route.ts'
import type { NodeView, Snapshot } from './next-snapshot.ts'

/** Why one request would be answered as it would. */
export interface Explanation {
  /** what would be tried, in order */
  plan: Array<{ provider: ProviderName, reason: string, nodes: string[] }>
  /** providers of the order that would not be tried */
  skipped: Array<{ provider: ProviderName, reason: 'paid_spill_off' | 'no_node' }>
  /** every node with what it is ranked by, the best first */
  nodes: ExplainedNode[]
  /** true: Redis is away, and this is decided on what was last read */
  stale: boolean
}

export interface ExplainedNode {
  id: string
  region: string
  state: NodeView['state']
  loadRatio: number
  /** null where the node could not serve */
  score: { elsewhere: boolean, crowded: boolean, loadTenths: number, lot: string } | null
  /** chosen · outranked: two better ones were found · region_not_allowed · or its state */
  verdict: string
}

/** The plan decideRoute makes, and all that it was made from. Mints nothing, reserves nothing. */
export function explain (request: RouteRequest, snapshot: Snapshot, available: readonly ProviderName[]): Explanation {
  const steps = decideRoute(request, snapshot, available)
  const plan = steps.map(step => ({ provider: step.provider, reason: step.reason, nodes: step.provider === 'coturn' ? step.nodes.map(({ id }) => id) : [] }))
  const chosen = plan.flatMap(({ nodes }) => nodes)
  const ranked: ExplainedNode[] = rankNodes(request, candidatesOf(request, snapshot).candidates).map(({ node, elsewhere, crowded, load, lot }) => ({
    ...view(node),
    score: { elsewhere: elsewhere === 1, crowded: crowded === 1, loadTenths: load, lot: lot.slice(0, 8) },
    verdict: chosen.includes(node.id) ? 'chosen' : 'outranked'
  }))
  const others = snapshot.nodes.filter(({ id }) => !ranked.some(node => node.id === id))
    .map(node => ({ ...view(node), score: null, verdict: mayRelayIn(request, node.region) ? node.state : 'region_not_allowed' }))

  return {
    plan,
    skipped: available.filter(name => !plan.some(({ provider }) => provider === name))
      .map(provider => ({ provider, reason: isPaid(provider) ? 'paid_spill_off' : 'no_node' })),
    nodes: [...ranked, ...others],
    stale: snapshot.outageSinceMs !== undefined
  }
}

const view = ({ id, region, state, loadRatio }: NodeView) => ({ id, region, state, loadRatio })
