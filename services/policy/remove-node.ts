import type { NodeFacts } from '../domain/node.ts'
import { hasVote } from './count-votes.ts'
import type { Health, ProberView } from './count-votes.ts'

/** Of a node that is well, batches of the last second or two are always under way: probes alone make some. */
const UNDER_WAY = 3

/** What is known of a node beside what its agent last said. */
export interface NodeWitness {
  /** undefined: the snapshot does not have it yet, so nobody knows whether it is alive */
  agentSpeaks: boolean | undefined
  /** probers with a vote that find a URL of it good */
  content: readonly string[]
  /** batches the ledger has still to apply */
  batches: number
  /** sessions the ledger has not seen the end of */
  sessions: number
}

/** The probers with a vote that find a URL of a node good. */
export const contentProbers = (health: Health, probers: readonly ProberView[]): string[] =>
  probers.filter(prober => hasVote(prober) && health.get(prober.name)?.urls.some(({ state }) => state === 'good')).map(({ name }) => name)

/**
 * Why a node may not be taken out of the fleet yet, and what to do next; undefined where it may: it is gone, by its
 * agent's word or silence and by that of all others, or it was drained and is empty; and all it relayed is booked.
 */
export function reasonToKeep (node: NodeFacts, witness: NodeWitness): string | undefined {
  const { agentSpeaks, batches, sessions } = witness
  const { id, observed } = node
  if (agentSpeaks === undefined) return `it is not known yet whether node "${id}" is alive: try again in a few seconds`
  const why = agentSpeaks && observed && observed.coturnVersion !== null ? reasonIfUp(node, sessions) : reasonIfGone(node, witness)
  if (why !== undefined) return why
  const waiting = Math.max(batches, agentSpeaks && observed && observed.outboxPending > UNDER_WAY ? observed.outboxPending : 0)
  return waiting > 0 ? `${waiting} batches of usage of node "${id}" are not booked yet: try again when the ledger has caught up` : undefined
}

function reasonIfUp ({ id, desired, observed }: NodeFacts, unbooked: number): string | undefined {
  const next = `GET /admin/v1/nodes/${id} says how far it is`
  if (!desired.draining) return `node "${id}" is up: drain it first, PATCH /admin/v1/nodes/${id} with {"draining": true}, or stop its coturn and its relay-agent`
  if (observed?.admitting !== false) return `coturn of node "${id}" still takes new allocations: that ends some 20 seconds after the drain was asked for; ${next}`
  if (observed.sessions > 0) return `${observed.sessions} sessions left on node "${id}": wait until they have ended, or end them with POST /admin/v1/sessions/{id}/kick; ${next}`
  return unbooked > 0 ? `${unbooked} sessions of node "${id}" are not booked to their end yet: try again in a few seconds` : undefined
}

/** Its agent is silent, or says that coturn does not answer; yet it may relay, and its bytes may still come. */
function reasonIfGone ({ id, desired }: NodeFacts, { content, sessions }: NodeWitness): string | undefined {
  const force = `DELETE /admin/v1/nodes/${id}?force=true takes it out all the same: what it relayed and is not booked is lost, and its name, if it had joined, is not given away again`
  if (content.length > 0) return `node "${id}" still relays, as ${content.join(', ')} found: start its relay-agent and drain it, or stop its coturn; ${force}`
  if (sessions > 0 && !desired.draining) return `${sessions} sessions of node "${id}" are open in the ledger: start its relay-agent, which says how they ended, or wait until they are given up as lost, about half an hour after they were last heard of; ${force}`
  return undefined
}
