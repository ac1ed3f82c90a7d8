import { isPaid } from '../domain/provider.ts'
import type { Reason } from './decide-route.ts'
import type { ExplainedNode, Explanation } from './explanation.ts'
import type { Snapshot } from './next-snapshot.ts'
import { tellCircuit } from './tell-circuit.ts'
import { tellCapPassed, tellDenial } from './tell-denial.ts'
import { isoTime, tellReasons } from './tell-reason.ts'

type Facts = Omit<Explanation, 'sentences'>

/** What is to be said against the fleet that serves all the same. */
const THOUGH: Partial<Record<Reason, string>> = {
  saturated: 'every node with room is saturated: it serves as long as it has room',
  no_room: 'no node has room for one more: one too many is better than none',
  unsure: 'nothing is known of how it is: no node is known to be well'
}

/** A decision as sentences: what would be answered and why, what stands against each node, and what to do about it. */
export function tellDecision (facts: Facts, { outageSinceMs, nodes }: Snapshot): string[] {
  return [
    ...outageSinceMs === undefined ? [] : [tellOutage(facts, outageSinceMs)],
    ...tellPlan(facts, nodes.length),
    ...tellRegion(facts),
    ...facts.nodes.flatMap(node => tellNode(node, facts)),
    ...facts.skipped.flatMap(tellSkipped),
    ...facts.plan.some(({ provider }) => isPaid(provider)) ? facts.budgetsPassed.map(tellCapPassed) : []
  ]
}

function tellSkipped ({ provider, reason, budget, circuit }: Facts['skipped'][number]): string[] {
  if (budget) return [tellDenial(provider, budget)]
  if (circuit) return [tellCircuit(provider, circuit)]
  return reason === 'paid_spill_off' ? [`${provider} is not tried: the app has paidSpill false.`] : []
}

const tellOutage = ({ outageReason }: Facts, sinceMs: number): string => outageReason === 'emptied'
  ? `Since ${isoTime(sinceMs)} the central Redis answers, but the fleet it held is gone: restore its data, or start the control planes anew if it shall be empty. Until then this is decided on what was last read.`
  : `Since ${isoTime(sinceMs)} the central Redis cannot be read: bring it back. Until then this is decided on what was last read, and nothing changes.`

function tellPlan ({ plan, nodes }: Facts, fleetSize: number): string[] {
  const [first, ...rest] = plan
  if (!first) return ['Nobody can serve this: it would be answered 503 no_provider. Put stun at the end of SPILLWAY_PROVIDER_ORDER, so that clients get at least that.']
  const then = rest.length > 0 ? [`Should that fail: ${rest.map(({ provider }) => provider).join(', then ')}.`] : []
  if (first.provider !== 'coturn') {
    const why = first.remarks.includes('fleet_full') ? 'no node has room for one more' : !first.remarks.includes('no_node') ? 'it comes first in SPILLWAY_PROVIDER_ORDER' : fleetSize === 0 ? 'there is no node' : 'no node can'
    return [`${first.provider} would serve this: ${why}.`, ...then]
  }
  const [home = '', beside] = first.nodes
  const who = `${home} would serve this${beside === undefined ? '' : `, with ${beside} beside it`}`
  const though = THOUGH[first.reason]
  return [`${who}${though === undefined ? '' : `, though ${though}`}.`, ...tellOrder(first.remarks.includes('room'), nodes), ...then]
}

/** Why the first node stands before the second. */
function tellOrder (isRoom: boolean, [first, second]: ExplainedNode[]): string[] {
  if (!first || !second?.score) return []
  const by = whatParts(first, second)
  const contenders = isRoom ? 'the room has drawn it, as it will for each of its clients' : 'this user has drawn it'
  return [`${first.id} comes before ${second.id}: ${by === undefined ? `${contenders}, by weight, capacity${isRoom ? '' : ', room left'} and slow start` : `${second.id} ${by}`}.`]
}

/** What a reason of the node itself tells as well. */
const SATURATED = 'is saturated'

/** What the second of two is behind for; undefined where only the draw decided. */
function whatParts ({ score: better }: ExplainedNode, { score: worse }: ExplainedNode): string | undefined {
  if (!better || !worse) return undefined
  if (better.saturated !== worse.saturated) return SATURATED
  if (better.distance !== worse.distance) return 'is farther away'
  return better.hot === worse.hot ? undefined : 'is so much fuller than the rest that rooms leave it'
}

function tellRegion ({ clientRegion: { region, source }, plan, nodes }: Facts): string[] {
  if (region === null) return []
  const said = { request: 'as the request says', header: 'as a trusted proxy says', default: 'as SPILLWAY_DEFAULT_REGION says for all who say nothing', none: '' }[source]
  const [remarks] = plan.flatMap(step => step.provider === 'coturn' ? [step.remarks] : [])
  const instead = nodes[0]?.region ?? ''
  const found = remarks?.includes('neighbour_region')
    ? `; no node there can serve as well, so its neighbour ${instead} does`
    : remarks?.includes('other_region') ? `; neither it nor its neighbours (SPILLWAY_REGION_NEIGHBOURS) have a node that can serve as well, so ${instead} does` : ''
  return [`The client is taken to be in ${region}, ${said}${found}.`]
}

const tellRoom = ({ room }: ExplainedNode): string => room === null ? 'nobody knows what is left' : `${room.megabits} Mbit/s${room.allocations === null ? '' : ` and ${room.allocations} allocations`} are left`

function tellNode (node: ExplainedNode, { nodes }: Facts): string[] {
  const { id, region, verdict } = node
  const because = tellReasons(node.reasons)
  switch (verdict) {
    case 'chosen': return because === '' ? [] : [`${id} serves, but ${because}.`]
    case 'outranked': {
      const last = nodes.findLast(other => other.verdict === 'chosen')
      const by = last && whatParts(last, node)
      const behind = by === SATURATED ? '' : ` and it ${by ?? 'came behind in the draw'}`
      return [`${id} could serve as well, but two nodes are enough${behind}${because === '' ? '' : `; ${because}`}.`]
    }
    case 'full': return [`${id} has no room for one more: beside what runs, what new allocations are expected to bring and what was promised, ${tellRoom(node)}${because === '' ? '' : `; ${because}`}.`]
    case 'region_not_allowed': return [`${id} is left out: it is in ${region}, where the app may not be relayed (its regions).`]
    case 'unknown': return [`${id} is left out, since others are known to be well: ${because}.`]
    default: return [`${id} is left out: ${because}.`]
  }
}
