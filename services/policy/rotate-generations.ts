import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import { nodeKeyIdOf } from '../domain/node-keys.ts'

/** The wish with one more generation; the older ones go `overlapSeconds` after the node has confirmed it. */
export function addGeneration (desired: DesiredNode, overlapSeconds: number): DesiredNode {
  // never a number that was used before: a control plane that is behind would sign for the wrong secret
  const newest = Math.max(...desired.generations) + 1
  return { ...desired, generations: [...desired.generations, newest], rotation: { overlapSeconds } }
}

/** What credentials for a node are signed with: the newest generation it has confirmed; undefined where there is none. */
export function signingGeneration ({ desired, observed }: NodeFacts): { generation: number, keyId: string } | undefined {
  const generation = observed?.generationsApplied.filter(applied => desired.generations.includes(applied)).reduce((newest, applied) => Math.max(newest, applied), 0)
  const keyId = generation && nodeKeyIdOf(desired.nodeKeys, generation)
  return generation && keyId ? { generation, keyId } : undefined
}

/**
 * How a rotation under way goes on: the next wish, undefined where there is nothing to do yet. The overlap is counted
 * from the moment the node is seen to accept the newest generation, since nobody signs with an older one from then on;
 * and anew where it falls back, since then they do. A node that says nothing, or is being restarted, confirms nothing
 * and takes nothing back.
 */
export function retireGenerations ({ desired, observed }: NodeFacts, nowMs: number): DesiredNode | undefined {
  const { rotation, ...wish } = desired
  if (!rotation || !observed) return undefined
  const newest = Math.max(...desired.generations)
  const { overlapSeconds, confirmedAtMs } = rotation
  if (!observed.generationsApplied.includes(newest)) {
    const fellBack = confirmedAtMs !== undefined && observed.generationsApplied.some(generation => desired.generations.includes(generation))
    return fellBack ? { ...desired, rotation: { overlapSeconds } } : undefined
  }
  if (confirmedAtMs === undefined) return { ...desired, rotation: { overlapSeconds, confirmedAtMs: nowMs } }
  return nowMs >= confirmedAtMs + overlapSeconds * 1000 ? { ...wish, generations: [newest] } : undefined
}
