import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import { nodeKeyIdOf, sealNodeKey } from '../domain/node-keys.ts'
import { deriveNodeKey, keyId } from '../domain/turn-credential.ts'
import { addGeneration } from './rotate-generations.ts'

/**
 * The wish with one more generation, which derives from the node key of another master key. Each of the two node keys
 * travels sealed under the other: the agent may have been configured with either.
 * @param nonce random, another one each time
 */
export function addNodeKey ({ id, desired }: NodeFacts, oldMaster: string, newMaster: string, overlapSeconds: number, nonce: () => Buffer): DesiredNode {
  const [old, added] = [deriveNodeKey(oldMaster, id), deriveNodeKey(newMaster, id)]
  const sealedUnder = (other: string, nodeKey: string) => ({ under: keyId(other), sealed: sealNodeKey(nodeKey, other, nonce()) })
  const next = addGeneration(desired, overlapSeconds)
  return {
    ...next,
    nodeKeys: [
      ...next.nodeKeys.map(entry => entry.id === keyId(old) ? { ...entry, ...sealedUnder(added, old) } : entry),
      { from: Math.max(...next.generations), id: keyId(added), ...sealedUnder(old, added) }
    ]
  }
}

/** The wish without what can be opened with, or opens, the node key of a retired master key. */
export function dropNodeKey ({ id, desired }: NodeFacts, retiringMaster: string): DesiredNode {
  const retiring = keyId(deriveNodeKey(retiringMaster, id))
  return { ...desired, nodeKeys: desired.nodeKeys.filter(entry => entry.id !== retiring).map(entry => entry.under === retiring ? { from: entry.from, id: entry.id } : entry) }
}

/** Nodes that accept a secret which derives from this master key: they shall, or say that they do. */
export function nodesAccepting (nodes: readonly NodeFacts[], master: string): string[] {
  return nodes.filter(({ id, desired, observed }) => {
    const nodeKey = keyId(deriveNodeKey(master, id))
    return [...desired.generations, ...observed?.generationsApplied ?? []].some(generation => nodeKeyIdOf(desired.nodeKeys, generation) === nodeKey)
  }).map(({ id }) => id)
}
