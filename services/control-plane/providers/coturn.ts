import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IceServer } from '../../domain/ice-servers.ts'
import { deriveNodeKey, deriveNodeSecret, keyId, mintCredential } from '../../domain/turn-credential.ts'
import type { NodeView } from '../../policy/view-node.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'
import type { Provider } from './provider.ts'

/** The own fleet. Each node has its own secret, so each gets its own entry and password. */
export function createCoturnProvider (keyRing: Pick<KeyRingKeeper, 'ring'>): Provider<'coturn'> {
  const secrets = new Map<string, KeyObject>()
  const secretOf = ({ id, signingGeneration, signingKeyId }: NodeView): KeyObject => {
    const name = `${id}:${signingGeneration}:${signingKeyId}`
    const held = secrets.get(name)
    if (held !== undefined) return held
    const nodeKey = keyRing.ring.keys.map(({ text }) => deriveNodeKey(text, id)).find(key => keyId(key) === signingKeyId)
    if (nodeKey === undefined) throw new Error(`node ${id} derives its secret from a key that comes from no master key of the fleet`)
    const secret = createSecretKey(deriveNodeSecret(nodeKey, signingGeneration), 'utf8')
    secrets.set(name, secret)
    return secret
  }

  return {
    mint ({ userId, ttlSeconds, nowMs }, { nodes, urls }) {
      const expiresAtSeconds = Math.floor(nowMs / 1000) + ttlSeconds
      const iceServers: IceServer[] = []
      for (const [index, node] of nodes.entries()) {
        iceServers.push({ urls: urls[index] as string[], ...mintCredential(secretOf(node), userId, expiresAtSeconds) })
      }
      return { iceServers, expiresAtMs: expiresAtSeconds * 1000, expiryEndsCalls: false, region: nodes[0]?.region ?? null }
    }
  }
}
