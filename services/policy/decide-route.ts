import { createHash } from 'node:crypto'
import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { NodeView, Snapshot } from './next-snapshot.ts'

export interface RouteRequest {
  userTag: string
  /** clients of one room are sent to one node, so that their call is relayed once */
  room?: string | undefined
  region?: string | undefined
  /** the only regions the app may be relayed in; none: all */
  regions: readonly string[]
  paidSpill: boolean
}

/** Why a step stands where it does. `unsure`: no node is known to be well, but none is known to be dead either. */
type Reason = 'healthy' | 'unsure' | 'fallback' | 'last_resort'

export type Step =
  | { provider: 'coturn', reason: Reason, nodes: readonly NodeView[] }
  | { provider: Exclude<ProviderName, 'coturn'>, reason: Reason }

/** Two nodes a reply: a client whose first node fails has another, and browsers warn of more. */
const MAX_NODES = 2
/** A node above this is full enough to leave the rest to others. */
const CROWDED = 0.9

/**
 * The providers to try, in order, for one request: the configured order, less what could not serve now. Same input,
 * same plan. What is unknown is neither healthy nor dead: such nodes are used when no better one is left.
 */
export function decideRoute (request: RouteRequest, snapshot: Snapshot, available: readonly ProviderName[]): Step[] {
  const steps: Step[] = []
  for (const provider of available) {
    if (provider === 'coturn') {
      const { candidates, reason } = candidatesOf(request, snapshot)
      if (candidates.length > 0) steps.push({ provider, reason, nodes: rankNodes(request, candidates).slice(0, MAX_NODES).map(({ node }) => node) })
    } else if (request.paidSpill || !isPaid(provider)) {
      steps.push({ provider, reason: provider === 'stun' ? 'last_resort' : 'fallback' })
    }
  }
  return steps
}

/** The nodes that may serve: those that are well, or where none is known to be, those of which nothing is known. */
export function candidatesOf (request: Pick<RouteRequest, 'regions'>, { nodes }: Snapshot): { candidates: NodeView[], reason: Reason } {
  const allowed = nodes.filter(({ region }) => mayRelayIn(request, region))
  const up = allowed.filter(({ state }) => state === 'up')
  return up.length > 0 ? { candidates: up, reason: 'healthy' } : { candidates: allowed.filter(({ state }) => state === 'unknown'), reason: 'unsure' }
}

export const mayRelayIn = ({ regions }: Pick<RouteRequest, 'regions'>, region: string): boolean =>
  regions.length === 0 || regions.includes(region)

/** What a node is ranked by, each before the next; less is better. */
export interface NodeScore {
  node: NodeView
  elsewhere: 0 | 1
  crowded: 0 | 1
  /** tenths of its capacity: less is noise between two heartbeats; 0 where clients of a room must meet */
  load: number
  lot: string
}

/** The region asked for, then nodes with room, then: of a room the same node for all, of a single user the least loaded. */
export function rankNodes ({ userTag, room, region }: RouteRequest, nodes: readonly NodeView[]): NodeScore[] {
  const scores: NodeScore[] = nodes.map(node => ({
    node,
    elsewhere: region === undefined || node.region === region ? 0 : 1,
    crowded: node.loadRatio >= CROWDED ? 1 : 0,
    load: room === undefined ? Math.floor(node.loadRatio * 10) : 0,
    lot: nodes.length > 1 ? rendezvous(room ?? userTag, node.id) : ''
  }))
  return scores.sort((a, b) => a.elsewhere - b.elsewhere || a.crowded - b.crowded || a.load - b.load || (a.lot < b.lot ? -1 : 1))
}

/** Rendezvous hashing (Thaler, Ravishankar 1998): a node that comes or goes moves only what was or will be its own. */
const rendezvous = (key: string, node: string): string => createHash('sha256').update(`${node}\0${key}`).digest('hex')
