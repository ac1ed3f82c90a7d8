import { Type } from 'typebox'
import type { Static } from 'typebox'
import { NODE_STATES, NodeReason } from '../domain/node-state.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import type { NodeView } from '../policy/view-node.ts'

/** What /readyz says of the fleet: what is away, though credentials are issued all the same. */
export function degradedFleet ({ outageReason, nodes }: Snapshot): Record<string, string> {
  const namesOf = (isMeant: (node: NodeView) => boolean): string => nodes.filter(isMeant).map(({ id }) => id).join(', ')
  const down = namesOf(({ state }) => state === 'down')
  // one that takes no new sessions, or cannot yet, need not be probed
  const notProbed = namesOf(({ state, reasons }) => state !== 'unready' && state !== 'draining' && reasons.some(({ kind }) => kind === 'not_probed'))
  return {
    ...outageReason === 'unreadable' ? { redis: 'the central Redis is away; credentials come from the last snapshot' } : {},
    ...outageReason === 'emptied' ? { redis: 'the fleet is gone from the central Redis; credentials come from the last snapshot' } : {},
    ...down === '' ? {} : { nodes: `down: ${down}` },
    ...notProbed === '' ? {} : { probers: `no prober has a vote on ${notProbed}: whether clients can relay there is not known` }
  }
}

/** How a node is, as the admin API shows it. */
export const ShownNode = Type.Object({
  state: Type.Enum([...NODE_STATES], { description: 'up and degraded serve; unknown serves where no node is known to be well' }),
  reasons: Type.Array(NodeReason, { description: 'why, and what else is to be known of it' }),
  silentSeconds: Type.Integer({ description: 'since its last heartbeat, while Redis could be read' }),
  urls: Type.Array(Type.String(), { description: 'what clients are given of it' }),
  badUrls: Type.Array(Type.String(), { description: 'advertised, but most probers say they do not work' }),
  loadRatio: Type.Number({ description: 'of its capacity: the larger of the next two' }),
  bandwidthRatio: Type.Number(),
  sessionsRatio: Type.Number(),
  saturated: Type.Boolean({ description: 'others come first; with hysteresis' }),
  share: Type.Number({ description: 'of what it would get: grows from 0.1 to 1 when it is new or healed; 0: it does not serve' }),
  clockSkewMs: Type.Union([Type.Integer(), Type.Null()], { description: 'its clock less ours; null: no heartbeat was seen to arrive yet' }),
  probers: Type.Array(Type.Object({ name: Type.String(), silentSeconds: Type.Integer(), reaches: Type.Boolean({ description: 'false: it reaches nothing at all, so it has no vote' }) }))
})

/** @param view undefined: registered after the last snapshot */
export function showNode (view: NodeView | undefined): Static<typeof ShownNode> {
  if (!view) return { state: 'unready', reasons: [{ kind: 'no_agent' }], silentSeconds: 0, urls: [], badUrls: [], loadRatio: 0, bandwidthRatio: 0, sessionsRatio: 0, saturated: false, share: 0, clockSkewMs: null, probers: [] }
  const { state, reasons, quietMs, urls, badUrls, loadRatio, bandwidthRatio, sessionsRatio, saturated, share, clockSkewMs, probers } = view
  return {
    state,
    reasons: [...reasons],
    silentSeconds: seconds(quietMs),
    urls: [...urls],
    badUrls: [...badUrls],
    loadRatio,
    bandwidthRatio,
    sessionsRatio,
    saturated,
    share,
    clockSkewMs,
    probers: probers.map(({ name, quietMs, reaches }) => ({ name, silentSeconds: seconds(quietMs), reaches }))
  }
}

const seconds = (ms: number): number => Math.round(ms / 1000)
