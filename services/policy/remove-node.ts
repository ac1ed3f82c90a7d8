import type { NodeFacts } from '../domain/node.ts'

/** Of a node that is well, batches of the last second or two are always under way: probes alone make some. */
const UNDER_WAY = 3

/** What the centre holds of a node beside what its agent says. */
export interface Unbooked {
  /** batches the ledger has still to apply */
  batches: number
  /** sessions the ledger has not seen the end of */
  sessions: number
}

/**
 * Why a node may not be taken out of the fleet yet, and what to do next; undefined where it may: it is gone, or it was
 * drained, is empty, and all it relayed is booked.
 * @param heard whether its agent speaks
 */
export function reasonToKeep ({ id, desired, observed }: NodeFacts, heard: boolean, unbooked: Unbooked): string | undefined {
  if (heard && observed && observed.coturnVersion !== null) {
    const next = `GET /admin/v1/nodes/${id} says how far it is`
    if (!desired.draining) return `node "${id}" is up: drain it first, PATCH /admin/v1/nodes/${id} with {"draining": true}, or stop its coturn and its relay-agent`
    if (observed.admitting !== false) return `coturn of node "${id}" still takes new allocations: that ends some 20 seconds after the drain was asked for; ${next}`
    if (observed.sessions > 0) return `${observed.sessions} sessions left on node "${id}": wait until they have ended, or end them with POST /admin/v1/sessions/{id}/kick; ${next}`
    if (unbooked.sessions > 0) return `${unbooked.sessions} sessions of node "${id}" are not booked to their end yet: try again in a few seconds`
  }
  const outbox = heard && observed && observed.outboxPending > UNDER_WAY ? observed.outboxPending : 0
  const batches = Math.max(unbooked.batches, outbox)
  if (batches > 0) return `${batches} batches of usage of node "${id}" are not booked yet: try again when the ledger has caught up`
  return undefined
}
