import type { IceServer } from '../../domain/ice-servers.ts'
import { findNodeKey } from '../../domain/key-ring.ts'
import { deriveNodeSecret, mintCredential } from '../../domain/turn-credential.ts'
import { passwordsOf } from '../../domain/turn-password.ts'
import type { PasswordOf } from '../../domain/turn-password.ts'
import type { NodeView } from '../../policy/view-node.ts'
import { RecentMap } from '../../runtime/recent-map.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'
import type { Provider } from './provider.ts'

/** Of nodes and the generations of their secrets, half a kilobyte each; those of nodes that are gone go by themselves. */
const MAX_SIGNERS = 4_000

/** The own fleet. Each node has its own secret, so each gets its own entry and password. */
export function createCoturnProvider (keyRing: Pick<KeyRingKeeper, 'ring'>): Provider<'coturn'> {
  const signers = new RecentMap<string, PasswordOf>(MAX_SIGNERS)
  /** of the nodes of a snapshot, so that no name has to be made for each request */
  const signersOfViews = new WeakMap<NodeView, PasswordOf>()

  function signerOf (node: NodeView): PasswordOf {
    let signer = signersOfViews.get(node)
    if (!signer) signersOfViews.set(node, signer = findSigner(node))
    return signer
  }

  function findSigner ({ id, signingGeneration, signingKeyId }: NodeView): PasswordOf {
    return signers.take(`${id}:${signingGeneration}:${signingKeyId}`, () => {
      const nodeKey = findNodeKey(keyRing.ring, id, signingKeyId)
      if (nodeKey === undefined) throw new Error(`node ${id} derives its secret from a key that comes from no master key of the fleet`)
      return passwordsOf(deriveNodeSecret(nodeKey, signingGeneration))
    })
  }

  return {
    mint ({ userId, ttlSeconds, nowMs }, { nodes, urls }) {
      const expiresAtSeconds = Math.floor(nowMs / 1000) + ttlSeconds
      const iceServers: IceServer[] = []
      for (const [index, node] of nodes.entries()) {
        const { username, credential } = mintCredential(signerOf(node), userId, expiresAtSeconds)
        iceServers.push({ urls: urls[index] as string[], username, credential })
      }
      return { iceServers, expiresAtMs: expiresAtSeconds * 1000, expiryEndsCalls: false, region: nodes[0]?.region ?? null }
    }
  }
}
