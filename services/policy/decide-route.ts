import type { ProviderName } from '../domain/provider.ts'
import { hasRoom } from './judge-room.ts'
import { nothingPromised } from './keep-promises.ts'
import type { Promised } from './keep-promises.ts'
import type { Snapshot } from './next-snapshot.ts'
import { pickUrls } from './pick-urls.ts'
import { laneOf, pickTwo } from './rank-nodes.ts'
import type { Lane, Rank } from './rank-nodes.ts'
import { regionOf } from './route-request.ts'
import type { RouteRequest } from './route-request.ts'
import { skipReasonOf } from './skip-provider.ts'
import type { NodeView } from './view-node.ts'

/**
 * Why a step stands where it does, in one word. `saturated`: all nodes with room are fuller than they shall be. `no_room`: no
 * node has room for one more, and nobody else could serve it. `unsure`: no node is
 * known to be well, but none is known to be dead either. `circuit_open`: a fallback as well, in the place of a provider
 * that would come before it and is left alone, for it failed lately.
 */
export type Reason = 'healthy' | 'saturated' | 'no_room' | 'unsure' | 'fallback' | 'circuit_open' | 'last_resort'

/** What else is to be said of it. */
export type Remark =
  /** of the first node: where it stands, as seen from the client */
  | 'in_region' | 'neighbour_region' | 'other_region'
  /** it is the node where the clients of the room meet */
  | 'room'
  /** a node of the step gets less than it advertises, or its agent is silent */
  | 'degraded'
  /** of the other providers: the own fleet has nobody to serve, or none with room for one more, or comes first */
  | 'no_node' | 'fleet_full' | 'after_fleet'

export type Step =
  /** `urls` of each node, in the order of `nodes` */
  | { provider: 'coturn', reason: Reason, remarks: readonly Remark[], nodes: readonly NodeView[], urls: readonly string[][] }
  | { provider: Exclude<ProviderName, 'coturn'>, reason: Reason, remarks: readonly Remark[] }

/** Allocations a node may be asked for by one reply: room for them is room for one more. */
const MOST_URLS_A_NODE = 3

/**
 * The providers to try, in order, for one request: the configured order, less what could not serve now: a paid one that the
 * app or its budget does not let, or whose circuit is open, costs a request nothing. Same input, same plan. At most two nodes (a client whose first one fails has another) and four URLs (browsers warn of more); never
 * one that is down, unready, draining, in a region the app may not use, or without a URL that works. What is unknown is
 * neither healthy nor dead: such nodes are used when no better one is left.
 *
 * Only the excess spills: a node serves as long as what is expected of it, and what was promised on it since its last
 * heartbeat, leaves room. A fleet without room comes behind all others but STUN: one call too many is better than none.
 */
export function decideRoute (request: RouteRequest, snapshot: Snapshot, available: readonly ProviderName[], promised: Promised = nothingPromised): Step[] {
  const steps: Step[] = []
  let full: Step | undefined
  let remarks: readonly Remark[] = []
  let fallback: Reason = 'fallback'
  for (const provider of available) {
    if (provider === 'coturn') {
      const step = fleetStep(request, snapshot, promised)
      if (step?.reason === 'no_room') full = step
      else if (step) steps.push(step)
      remarks = !step ? NO_NODE : full ? FLEET_FULL : AFTER_FLEET
    } else if (provider === 'stun') {
      if (full) steps.push(full)
      full = undefined
      steps.push({ provider, reason: 'last_resort', remarks })
    } else {
      const skipped = skipReasonOf(request, provider)
      if (skipped === undefined) steps.push({ provider, reason: fallback, remarks })
      if (skipped === 'circuit_open') fallback = skipped
    }
  }
  return full ? [...steps, full] : steps
}

const AFTER_FLEET: readonly Remark[] = ['after_fleet']
const NO_NODE: readonly Remark[] = ['no_node']
const FLEET_FULL: readonly Remark[] = ['fleet_full']

/** Where its load is not known, it is no reason to go elsewhere. */
export const hasRoomForOne = ({ id, room }: NodeView, promised: Promised): boolean =>
  room === undefined || hasRoom(room, promised(id), MOST_URLS_A_NODE)

function fleetStep (request: RouteRequest, snapshot: Snapshot, promised: Promised): Step | undefined {
  const lane = laneOf(request, snapshot)
  // what is unknown is no reason to pay: not the load of a fleet that cannot be heard
  const judged = lane.sure && snapshot.outageSinceMs === undefined
  const open = (node: NodeView): boolean => !judged || hasRoomForOne(node, promised)
  let [first, second] = pickTwo(request, lane, open)
  const isFull = first === undefined
  if (isFull) [first, second] = pickTwo(request, lane, () => true)
  if (!first) return undefined
  return {
    provider: 'coturn',
    reason: !lane.sure ? 'unsure' : isFull ? 'no_room' : first.saturated ? 'saturated' : 'healthy',
    remarks: remarksOf(request, snapshot, lane, first, second),
    nodes: second ? [first.node, second.node] : [first.node],
    urls: urlsOf(first.node, second?.node)
  }
}

function remarksOf (request: RouteRequest, { policy }: Snapshot, lane: Lane, first: Rank, second: Rank | undefined): Remark[] {
  const remarks: Remark[] = []
  const { region } = regionOf(request, policy)
  if (region !== undefined) {
    const neighbours = policy.neighbours.get(region)?.length ?? 0
    remarks.push(first.distance === 0 ? 'in_region' : first.distance <= neighbours ? 'neighbour_region' : 'other_region')
  }
  if (request.room !== undefined) remarks.push('room')
  if (lane.sure && (first.node.state === 'degraded' || second?.node.state === 'degraded')) remarks.push('degraded')
  return remarks
}

/** Plans name the same few pairs of nodes again and again. */
const picked = new WeakMap<NodeView, Map<NodeView | undefined, string[][]>>()

function urlsOf (first: NodeView, second: NodeView | undefined): string[][] {
  let beside = picked.get(first)
  if (!beside) picked.set(first, beside = new Map())
  let urls = beside.get(second)
  if (!urls) beside.set(second, urls = pickUrls(second ? [first.urls, second.urls] : [first.urls]))
  return urls
}
