import { SPILLWAY_ITSELF } from '../domain/audit.ts'
import { showDesired } from '../domain/node.ts'
import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import { retireGenerations } from '../policy/rotate-generations.ts'
import { makeChange } from '../store/audit.ts'
import type { Redis } from '../store/connect.ts'
import { readDesired, replaceDesired, writeDesired } from '../store/nodes.ts'

/** Every replica tries each second; one of them succeeds. That secrets are retired stands in the audit. */
export async function finishRotations (redis: Redis, nodes: readonly NodeFacts[], nowMs: number): Promise<void> {
  for (const node of nodes) {
    const next = retireGenerations(node, nowMs)
    if (!next) continue
    if (next.rotation) await replaceDesired(redis, node.id, node.desired, next)
    else await retire(redis, node.id, node.desired, next, nowMs)
  }
}

async function retire (redis: Redis, id: string, before: DesiredNode, after: DesiredNode, nowMs: number): Promise<void> {
  await makeChange(redis, SPILLWAY_ITSELF, nowMs, async () => {
    if (JSON.stringify(await readDesired(redis, id)) !== JSON.stringify(before)) return { result: undefined }
    return { action: 'node.retire-secret', target: id, before: showDesired(before), after: showDesired(after), writes: [writeDesired(id, before, after)], result: undefined }
  })
}
