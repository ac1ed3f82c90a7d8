import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { deriveNodeKey, deriveNodeSecret, mintCredential } from '../../domain/turn-credential.ts'
import { pickUrls } from '../../policy/pick-urls.ts'
import type { Provider } from './provider.ts'

/** The own fleet. Each node has its own secret, so each gets its own entry and password. */
export function createCoturnProvider (masterKey: string): Provider<'coturn'> {
  const secrets = new Map<string, KeyObject>()
  const secretOf = (node: string, generation: number): KeyObject => {
    const name = `${node}:${generation}`
    let secret = secrets.get(name)
    if (secret === undefined) {
      secret = createSecretKey(deriveNodeSecret(deriveNodeKey(masterKey, node), generation), 'utf8')
      secrets.set(name, secret)
    }
    return secret
  }

  return {
    mint ({ userId, ttlSeconds, nowMs }, { nodes }) {
      const expiresAtSeconds = Math.floor(nowMs / 1000) + ttlSeconds
      const urls = pickUrls(nodes.map(node => node.urls))
      const iceServers = nodes.flatMap((node, index) => {
        const own = urls[index] ?? []
        return own.length === 0 ? [] : [{ urls: own, ...mintCredential(secretOf(node.id, node.signingGeneration), userId, expiresAtSeconds) }]
      })
      if (iceServers.length === 0) throw new Error('no node of the plan has a URL')
      return { iceServers, expiresAtMs: expiresAtSeconds * 1000, expiryEndsCalls: false, region: nodes[0]?.region ?? null }
    }
  }
}
