import { openNodeKeys, sealNodeKey, unsealNodeKey } from '../domain/node-keys.ts'
import type { NodeKeyEntry } from '../domain/node-keys.ts'
import { keyId } from '../domain/turn-credential.ts'
import { newNonce } from '../runtime/new-nonce.ts'
import { forgetNodeKey, readNodeKeys, saveNodeKey } from '../store/agent-state.ts'
import type { Redis } from '../store/connect.ts'

/** Opens the node keys a wish speaks of: all that can be had, by their ids. */
export type OpenNodeKeys = (entries: readonly NodeKeyEntry[]) => Promise<ReadonlyMap<string, string>>

/**
 * The node keys of this agent: the one it was configured with, and those that reached it sealed. These it keeps in the
 * node's Redis, for after the rotation they travel no more, and the configuration may still name the old one. A new one
 * is saved before it is used: what was confirmed must survive a restart.
 */
export function holdNodeKeys (nodeRedis: Redis, configured: string): OpenNodeKeys {
  const held = new Map([[keyId(configured), configured]])

  return async entries => {
    const saved = await readNodeKeys(nodeRedis)
    for (const [id, sealed] of Object.entries(saved)) {
      const key = unsealNodeKey(sealed, id, configured)
      if (key !== undefined) held.set(id, key)
    }
    for (const [id, key] of openNodeKeys(entries, held.values())) held.set(id, key)
    for (const [id, key] of held) {
      if (key === configured) continue
      if (!entries.some(entry => entry.id === id)) {
        held.delete(id)
        await forgetNodeKey(nodeRedis, id)
      } else if (unsealNodeKey(saved[id] ?? '', id, configured) === undefined) {
        await saveNodeKey(nodeRedis, id, sealNodeKey(key, configured, newNonce()))
      }
    }
    return held
  }
}
