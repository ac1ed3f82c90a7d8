import type { NodeFacts } from '../domain/node.ts'
import { noteClosed } from '../policy/drain-node.ts'
import type { Redis } from '../store/connect.ts'
import { replaceDesired } from '../store/nodes.ts'

/** Writes down when a draining node was first seen to be closed, and with how many sessions: what an estimate begins at. */
export async function noteDrains (redis: Redis, nodes: readonly NodeFacts[], nowMs: number): Promise<void> {
  for (const node of nodes) {
    const next = noteClosed(node, nowMs)
    if (next) await replaceDesired(redis, node.id, node.desired, next)
  }
}
