import { Type } from 'typebox'
import type { Static } from 'typebox'
import { PROBE_CAUSES, PROBE_STAGES } from './health.ts'

/**
 * up, degraded: it serves, the latter with less than it advertises, or unheard by its agent, or seen well by probers while
 * its agent says that coturn does not answer · unknown: neither agent nor prober says anything · down: it relays nothing · unready: it cannot be signed for, or advertises nothing · draining: it
 * shall take no new sessions
 */
export const NODE_STATES = ['up', 'degraded', 'unknown', 'down', 'unready', 'draining'] as const
export type NodeState = typeof NODE_STATES[number]

const reason = <const Kind extends string, Data extends Record<string, Type.TSchema>>(kind: Kind, description: string, data: Data) =>
  Type.Object({ kind: Type.Literal(kind), ...data }, { description })
const Names = Type.Array(Type.String(), { description: 'of probers' })

/** Why a node is in its state, or what else is to be known of it: words that stay the same, and their data. */
export const NodeReason = Type.Union([
  reason('no_agent', 'its relay-agent has never spoken', {}),
  reason('no_generation', 'it has confirmed no secret that is wanted of it, so nobody can sign for it', {}),
  reason('no_url', 'it advertises no URL a browser takes', {}),
  reason('draining', 'it shall take no new sessions', { sinceMs: Type.Integer() }),
  reason('reopening', 'its drain has ended, but its coturn may still refuse new allocations for a few seconds', {}),
  reason('coturn_silent', 'its agent says that coturn does not answer', {}),
  reason('agent_silent', 'its agent has said nothing for so long, in time during which Redis could be read', { quietMs: Type.Number() }),
  reason('url_bad', 'most probers that vote say that this URL does not serve', {
    url: Type.String(),
    stage: Type.Union([Type.Enum([...PROBE_STAGES]), Type.Null()], { description: 'where most of them fail' }),
    cause: Type.Union([Type.Enum([...PROBE_CAUSES]), Type.Null()]),
    code: Type.Union([Type.Integer(), Type.Null()], { description: 'STUN error code' }),
    vantages: Names,
    voters: Type.Integer({ description: 'how many probers vote on it' })
  }),
  reason('not_probed', 'no prober has a vote on it', {
    silent: Names,
    blind: Type.Array(Type.String(), { description: 'of probers that reach nothing at all' }),
    unheard: Type.Array(Type.String(), { description: 'of probers that have said nothing new yet since this replica began to look: at most for 15 s' })
  }),
  reason('saturated', 'it is as full as it shall become: others come first', { loadRatio: Type.Number() }),
  reason('slow_start', 'it is new or healed and gets this share of what it would', { share: Type.Number() }),
  reason('address_foreign', 'it says it is at addresses that it may not have, so other relays let nobody through to it there', { addresses: Type.Array(Type.String()) }),
  reason('clock_skew', 'its clock is ahead of this one by so much, or behind where negative', { skewMs: Type.Number() })
])
export type NodeReason = Static<typeof NodeReason>
