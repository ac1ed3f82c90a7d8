import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isUsableUrl } from '../../domain/ice-servers.ts'
import type { IceServer } from '../../domain/ice-servers.ts'
import { findNodeKey } from '../../domain/key-ring.ts'
import { deriveNodeSecret, mintCredential } from '../../domain/turn-credential.ts'
import { pickUrls } from '../../policy/pick-urls.ts'
import type { NodeView } from '../../policy/next-snapshot.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'
import type { Provider } from './provider.ts'

/** The own fleet. Each node has its own secret, so each gets its own entry and password. */
export function createCoturnProvider (keyRing: Pick<KeyRingKeeper, 'ring'>): Provider<'coturn'> {
  const secrets = new Map<string, KeyObject>()
  const secretOf = ({ id, signingGeneration, signingKeyId }: NodeView): KeyObject => {
    const name = `${id}:${signingGeneration}:${signingKeyId}`
    const held = secrets.get(name)
    if (held !== undefined) return held
    const nodeKey = findNodeKey(keyRing.ring, id, signingKeyId)
    if (nodeKey === undefined) throw new Error(`node ${id} derives its secret from a key that comes from no master key of the fleet`)
    const secret = createSecretKey(deriveNodeSecret(nodeKey, signingGeneration), 'utf8')
    secrets.set(name, secret)
    return secret
  }

  /** A plan names the same few nodes again and again, and what is picked of their URLs is the same for all its users. */
  const picked = new WeakMap<NodeView, Map<NodeView | undefined, string[][]>>()
  function urlsOf (nodes: readonly NodeView[]): string[][] {
    const [first, second] = nodes
    if (!first) return []
    let beside = picked.get(first)
    if (!beside) picked.set(first, beside = new Map())
    let urls = beside.get(second)
    if (!urls) beside.set(second, urls = pickUrls(nodes.map(node => node.urls.filter(url => isUsableUrl(url, true)))))
    return urls
  }

  return {
    mint ({ userId, ttlSeconds, nowMs }, { nodes }) {
      const expiresAtSeconds = Math.floor(nowMs / 1000) + ttlSeconds
      const iceServers: IceServer[] = []
      for (const [index, urls] of urlsOf(nodes).entries()) {
        if (urls.length > 0) iceServers.push({ urls, ...mintCredential(secretOf(nodes[index] as NodeView), userId, expiresAtSeconds) })
      }
      if (iceServers.length === 0) throw new Error('no node of the plan has a URL')
      return { iceServers, expiresAtMs: expiresAtSeconds * 1000, expiryEndsCalls: false, region: nodes[0]?.region ?? null }
    }
  }
}
