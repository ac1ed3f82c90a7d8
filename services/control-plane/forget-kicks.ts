import type { NodeFacts } from '../domain/node.ts'
import { dropEndedKicks } from '../policy/kicks.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'

/** Takes kicks that are over out of the wishes: that they would end stands in the audit since they were made. */
export async function forgetKicks (redis: Redis, nodes: readonly NodeFacts[], nowMs: number): Promise<void> {
  for (const { id, desired } of nodes) {
    const next = dropEndedKicks(desired, nowMs)
    if (next) await replaceDesired(redis, id, desired, next)
  }
}
