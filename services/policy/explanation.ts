import type { NodeReason, NodeState } from '../domain/node-state.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { Reason, Remark } from './decide-route.ts'
import type { SkipReason } from './skip-provider.ts'
import type { ToldCircuit } from './tell-circuit.ts'
import type { ToldCap, ToldDenial } from './tell-denial.ts'
import type { OutageReason } from './next-snapshot.ts'
import type { ClientRegion } from './route-request.ts'

/** Why one request would be answered as it would. */
export interface Explanation {
  /** the same as below, as sentences an operator can act on */
  sentences: string[]
  clientRegion: { region: string | null, source: ClientRegion['source'] }
  /** what would be tried, in order */
  plan: Array<{ provider: ProviderName, reason: Reason, remarks: Remark[], nodes: string[], urls: string[] }>
  /** providers of the order that would not be tried */
  skipped: Array<{ provider: ProviderName, reason: SkipReason | 'no_node', budget?: ToldDenial, circuit?: ToldCircuit }>
  /** caps with the action `warn` that a paid credential would pass */
  budgetsPassed: ToldCap[]
  /** every node with what it is ranked by, the best first */
  nodes: ExplainedNode[]
  /** true: Redis is away, and this is decided on what was last read */
  stale: boolean
  outageReason: OutageReason | null
}

export interface ExplainedNode {
  id: string
  region: string
  state: NodeState
  reasons: NodeReason[]
  loadRatio: number
  share: number
  /** what nothing runs on, is expected of or was promised; below zero where it is overbooked. null where its load is not known */
  room: { megabits: number, allocations: number | null } | null
  /** null where the node could not serve */
  score: { saturated: boolean, distance: number, hot: boolean, weight: number } | null
  /** chosen · full: no room for one more · outranked: two better ones were found · region_not_allowed · or its state */
  verdict: 'chosen' | 'full' | 'outranked' | 'region_not_allowed' | NodeState
}
