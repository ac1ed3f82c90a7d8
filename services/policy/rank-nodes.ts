import type { Snapshot } from './next-snapshot.ts'
import { draw, hashText } from './rendezvous.ts'
import type { Hash } from './rendezvous.ts'
import { mayRelayIn, regionOf } from './route-request.ts'
import type { RouteRequest } from './route-request.ts'
import type { NodeView } from './view-node.ts'

/** What a node is ranked by, each before the next: not saturated, near, of a room not too hot, then the draw. */
export interface Rank {
  node: NodeView
  hash: Hash
  saturated: boolean
  /** 0: the client's region, or it has none · 1 and on: its neighbours in their order · last: any other */
  distance: number
  /** of a room only: so much fuller than the rest that its rooms go elsewhere */
  hot: boolean
  /** what its chance in the draw is proportional to */
  weight: number
}

/** Nodes between which only the draw decides. */
type Tier = readonly Rank[]

/** Candidates for all requests that ask for the same: whatever of the order does not depend on who asks. */
export interface Lane {
  /** false: no node is known to be well, these are the ones of which nothing is known */
  sure: boolean
  /** for a single user, and for a room; the best tier first */
  user: readonly Tier[]
  room: readonly Tier[]
}

/** However full, a node keeps a little chance among nodes as full as itself. */
const LEAST_HEADROOM = 0.05
/**
 * Bounded load (Mirrokni, Thorup, Zadimoghaddam 2018): a room leaves its node where that is a quarter fuller than the mean
 * and a tenth of its capacity beside; without the latter an idle fleet would part rooms over a single call.
 */
const HOT_FACTOR = 1.25
const HOT_SLACK = 0.1

/** A snapshot serves thousands of requests, which ask for the same few things. */
const lanes = new WeakMap<Snapshot, { places: Set<string>, byName: Map<string, Lane> }>()

export function laneOf (request: RouteRequest, snapshot: Snapshot): Lane {
  let held = lanes.get(snapshot)
  if (!held) lanes.set(snapshot, held = { places: new Set([...snapshot.nodes.map(({ region }) => region), ...snapshot.policy.neighbours.keys()]), byName: new Map() })
  const { region } = regionOf(request, snapshot.policy)
  // whoever asks for a place that is nowhere is as far from all nodes as the next who does: strangers must not fill the map
  const place = region === undefined ? '' : held.places.has(region) ? region : '?'
  const name = request.regions.length === 0 ? place : `${place} ${request.regions.join()}`
  let lane = held.byName.get(name)
  if (!lane) held.byName.set(name, lane = makeLane(request, snapshot, region))
  return lane
}

function makeLane (request: RouteRequest, { nodes, policy }: Snapshot, region: string | undefined): Lane {
  const usable = nodes.filter(node => mayRelayIn(request, node.region) && node.urls.length > 0)
  const well = usable.filter(({ state }) => state === 'up' || state === 'degraded')
  const candidates = well.length > 0 ? well : usable.filter(({ state }) => state === 'unknown')
  const near = region === undefined ? [] : [region, ...policy.neighbours.get(region) ?? []]
  const ranks = candidates.map((node): Rank => {
    const place = near.indexOf(node.region)
    const weight = node.weight * capacityOf(node) * node.share
    return { node, hash: hashText(node.id), saturated: node.saturated, distance: place < 0 ? near.length : place, hot: false, weight }
  })
  return {
    sure: well.length > 0,
    user: tiersOf(ranks.map(rank => ({ ...rank, weight: rank.weight * Math.max(LEAST_HEADROOM, 1 - rank.node.loadRatio) }))),
    room: tiersOf(ranks).flatMap(tier => tiersOf(markHot(tier)))
  }
}

/** Never 0: of nodes that can carry nothing one has to be the first. */
const capacityOf = ({ capacityBitsPerSecond }: NodeView): number => Math.max(1, capacityBitsPerSecond)

function tiersOf (ranks: Tier): Tier[] {
  const order = (a: Rank, b: Rank): number => Number(a.saturated) - Number(b.saturated) || a.distance - b.distance || Number(a.hot) - Number(b.hot)
  const tiers: Rank[][] = []
  for (const rank of [...ranks].sort(order)) {
    const last = tiers.at(-1)
    if (last?.[0] && order(last[0], rank) === 0) last.push(rank)
    else tiers.push([rank])
  }
  return tiers
}

/** Measured against nodes of the same tier: no room is sent away to where it would be worse off. */
function markHot (tier: Tier): Tier {
  const capacity = tier.reduce((sum, { node }) => sum + capacityOf(node), 0)
  const mean = tier.reduce((sum, { node }) => sum + node.loadRatio * capacityOf(node), 0) / capacity
  return tier.map(rank => ({ ...rank, hot: rank.node.loadRatio > mean * HOT_FACTOR + HOT_SLACK }))
}

/** No app id has a NUL in it, so no two rooms of different apps are one: the lobbies of all apps would meet on one node. */
const keyOf = ({ app, room, userTag }: RouteRequest): Hash => hashText(room === undefined ? userTag : `${app}\0${room}`)
const tiersFor = ({ room }: RouteRequest, lane: Lane): readonly Tier[] => room === undefined ? lane.user : lane.room

/** The first two in the order of rankNodes that have room, with no more work than that takes: a tier of one has no draw. */
export function pickTwo (request: RouteRequest, lane: Lane, hasRoom: (node: NodeView) => boolean = () => true): Rank[] {
  const picked: Rank[] = []
  let key: Hash | undefined
  for (const all of tiersFor(request, lane)) {
    const tier = all.filter(({ node }) => hasRoom(node))
    if (tier.length === 1) picked.push(...tier)
    else picked.push(...winners(tier, key ??= keyOf(request)))
    if (picked.length >= 2) break
  }
  return picked.length > 2 ? picked.slice(0, 2) : picked
}

function winners (tier: Tier, key: Hash): Rank[] {
  let [first, second]: Rank[] = []
  let [least, next] = [Infinity, Infinity]
  for (const rank of tier) {
    const drawn = draw(key, rank.hash, rank.weight)
    if (isBefore(drawn, rank, least, first)) {
      [second, next] = [first, least];
      [first, least] = [rank, drawn]
    } else if (isBefore(drawn, rank, next, second)) {
      [second, next] = [rank, drawn]
    }
  }
  return first && second ? [first, second] : []
}

/** All candidates, the best first. */
export function rankNodes (request: RouteRequest, lane: Lane): Rank[] {
  const key = keyOf(request)
  return tiersFor(request, lane).flatMap(tier => tier
    .map(rank => ({ rank, drawn: draw(key, rank.hash, rank.weight) }))
    .sort((a, b) => isBefore(a.drawn, a.rank, b.drawn, b.rank) ? -1 : 1)
    .map(({ rank }) => rank))
}

/** Equal draws are as good as impossible, but the order the nodes are read in must not matter even then. */
const isBefore = (drawn: number, rank: Rank, other: number, otherRank: Rank | undefined): boolean =>
  drawn < other || (drawn === other && (otherRank === undefined || rank.node.id < otherRank.node.id))
