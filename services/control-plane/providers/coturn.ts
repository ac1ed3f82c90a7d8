import { deriveNodeKey, deriveNodeSecret, mintCredential, mintUserId } from '../../domain/turn-credential.ts'
import type { DerivedKeys } from '../../domain/turn-credential.ts'
import { pickUrls } from '../../policy/pick-urls.ts'
import type { Provider } from './provider.ts'

/** The own fleet. Each node has its own secret, so each gets its own entry and password. */
export function createCoturnProvider (masterKey: string, keys: DerivedKeys): Provider<'coturn'> {
  const secrets = new Map<string, string>()
  const secretOf = (node: string, generation: number): string => {
    const name = `${node}:${generation}`
    let secret = secrets.get(name)
    if (secret === undefined) {
      secret = deriveNodeSecret(deriveNodeKey(masterKey, node), generation)
      secrets.set(name, secret)
    }
    return secret
  }

  return {
    mint ({ app, userTag, ttlSeconds, nowMs }, { nodes }) {
      const userId = mintUserId(keys, app, userTag)
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
