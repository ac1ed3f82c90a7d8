import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { seal, unseal } from './seal.ts'
import { KEY_ID_PATTERN, keyId } from './turn-credential.ts'

/**
 * From which generation on the secrets of a node derive from which node key. An agent holds the key it was configured
 * with; another one reaches it sealed under that.
 */
export const NodeKeyEntry = Type.Object({
  from: Type.Integer({ minimum: 1, description: 'the first generation that derives from it' }),
  id: Type.String({ pattern: KEY_ID_PATTERN, description: 'of the node key' }),
  under: Type.Optional(Type.String({ pattern: KEY_ID_PATTERN, description: 'of the node key it is sealed under' })),
  sealed: Type.Optional(Type.String())
})
export type NodeKeyEntry = Static<typeof NodeKeyEntry>

/** The id of the node key a generation derives from. */
export const nodeKeyIdOf = (entries: readonly NodeKeyEntry[], generation: number): string | undefined =>
  entries.findLast(({ from }) => from <= generation)?.id

const sealingKey = (nodeKey: string): KeyObject => createSecretKey(createHmac('sha256', nodeKey).update('spillway node key seal').digest())

/** A node key as it may travel and lie: readable only with the other. @param nonce random, never used twice */
export const sealNodeKey = (nodeKey: string, under: string, nonce: Buffer): string => seal(sealingKey(under), nodeKey, nonce)

/** Undefined where it was sealed under another key, or is not the key of this id. */
export function unsealNodeKey (sealed: string, id: string, under: string): string | undefined {
  const nodeKey = unseal(sealingKey(under), sealed)
  return nodeKey !== undefined && keyId(nodeKey) === id ? nodeKey : undefined
}

/** All keys that can be had: those held, and those sealed under any of them, by their ids. */
export function openNodeKeys (entries: readonly NodeKeyEntry[], held: Iterable<string>): Map<string, string> {
  const keys = new Map([...held].map(key => [keyId(key), key]))
  for (let before = -1; before !== keys.size;) {
    before = keys.size
    for (const { id, under, sealed } of entries) {
      const other = keys.get(under ?? '')
      if (keys.has(id) || other === undefined || sealed === undefined) continue
      const nodeKey = unsealNodeKey(sealed, id, other)
      if (nodeKey !== undefined) keys.set(id, nodeKey)
    }
  }
  return keys
}
