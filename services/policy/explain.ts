import type { ProviderName } from '../domain/provider.ts'
import { decideRoute, hasRoomForOne } from './decide-route.ts'
import type { ExplainedNode, Explanation } from './explanation.ts'
import type { Snapshot } from './next-snapshot.ts'
import { showRoom } from './judge-room.ts'
import { nothingPromised } from './keep-promises.ts'
import type { Promised } from './keep-promises.ts'
import { laneOf, rankNodes } from './rank-nodes.ts'
import { mayRelayIn, regionOf } from './route-request.ts'
import type { RouteRequest } from './route-request.ts'
import { skipReasonOf } from './skip-provider.ts'
import { showCircuit } from './tell-circuit.ts'
import { tellDecision } from './tell-decision.ts'
import { showCap, showDenial } from './tell-denial.ts'
import type { NodeView } from './view-node.ts'

/** The plan decideRoute makes, and all that it was made from. Mints nothing, reserves nothing. */
export function explain (request: RouteRequest, snapshot: Snapshot, available: readonly ProviderName[], promised: Promised = nothingPromised): Explanation {
  const plan = decideRoute(request, snapshot, available, promised).map(step => ({
    provider: step.provider,
    reason: step.reason,
    remarks: [...step.remarks],
    ...step.provider === 'coturn' ? { nodes: step.nodes.map(({ id }) => id), urls: step.urls.flat() } : { nodes: [], urls: [] }
  }))
  const chosen = plan.flatMap(({ reason, nodes }) => reason === 'no_room' ? [] : nodes)
  const ranked = rankNodes(request, laneOf(request, snapshot)).map(({ node, saturated, distance, hot, weight }): ExplainedNode => ({
    ...view(node, promised(node.id)),
    score: { saturated, distance, hot, weight },
    verdict: chosen.includes(node.id) ? 'chosen' : hasRoomForOne(node, promised) ? 'outranked' : 'full'
  }))
  const others = snapshot.nodes.filter(({ id }) => !ranked.some(node => node.id === id))
    .map((node): ExplainedNode => ({ ...view(node, promised(node.id)), score: null, verdict: node.region === '' || mayRelayIn(request, node.region) ? node.state : 'region_not_allowed' }))
  const { region, source } = regionOf(request, snapshot.policy)
  const explanation: Omit<Explanation, 'sentences'> = {
    clientRegion: { region: region ?? null, source },
    plan,
    skipped: available.filter(name => !plan.some(({ provider }) => provider === name))
      .map(provider => skip(request, provider)),
    budgetsPassed: (request.warnings ?? []).map(showCap),
    nodes: [...ranked, ...others],
    stale: snapshot.outageSinceMs !== undefined,
    outageReason: snapshot.outageReason ?? null
  }
  return { sentences: tellDecision(explanation, snapshot), ...explanation }
}

function skip (request: RouteRequest, provider: ProviderName): Explanation['skipped'][number] {
  const reason = skipReasonOf(request, provider) ?? 'no_node'
  const [denial, circuit] = [request.denials?.get(provider), request.openCircuits?.get(provider)]
  return {
    provider,
    reason,
    ...reason === 'budget' && denial ? { budget: showDenial(denial) } : {},
    ...reason === 'circuit_open' && circuit ? { circuit: showCircuit(circuit) } : {}
  }
}

const view = ({ id, region, state, reasons, loadRatio, share, room }: NodeView, promised: number) =>
  ({ id, region, state, reasons: [...reasons], loadRatio, share, room: room ? showRoom(room, promised) : null })
