import type { NodeFacts } from '../domain/node.ts'
import { findNodeKey } from '../domain/key-ring.ts'
import { deriveNodeSecret, mintCredential, mintUserId, PROBE_APP, userTag } from '../domain/turn-credential.ts'
import { passwordsOf } from '../domain/turn-password.ts'
import { signingGeneration } from '../policy/rotate-generations.ts'
import { readProbeCredentials, writeProbeCredential } from '../store/probe-credentials.ts'
import type { ProbeCredential } from '../store/probe-credentials.ts'
import type { Redis } from '../store/connect.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'

/** Probes outlive an outage of all control planes by at least three quarters of this. */
const TTL_MS = 6 * 3_600_000
const RENEW_AFTER_MS = TTL_MS / 4

type Signing = Pick<ProbeCredential, 'generation' | 'keyId'>

/** Whether another one is due: there is none, a quarter of its life is over, or the node is signed for with something else now. */
export function isDue (held: ProbeCredential | undefined, { generation, keyId }: Signing, nowMs: number): boolean {
  if (!held || held.generation !== generation || held.keyId !== keyId) return true
  const leftMs = held.expiresAtMs - nowMs
  // longer than it can be: the clock was put back since
  return leftMs <= TTL_MS - RENEW_AFTER_MS || leftMs > TTL_MS
}

/**
 * Keeps a credential for the probes of each node that has confirmed a secret, so that a prober needs no master key. Every
 * replica looks each second; two that write at once write the same.
 */
export async function issueProbeCredentials (redis: Redis, keyRing: Pick<KeyRingKeeper, 'ring' | 'minting'>, nodes: readonly NodeFacts[], nowMs: number): Promise<void> {
  const held = await readProbeCredentials(redis, nodes.map(({ id }) => id))
  for (const node of nodes) {
    const signing = signingGeneration(node)
    if (!signing || !isDue(held.get(node.id), signing, nowMs)) continue
    const nodeKey = findNodeKey(keyRing.ring, node.id, signing.keyId)
    if (nodeKey === undefined) continue
    const expiresAtSeconds = Math.floor((nowMs + TTL_MS) / 1000)
    const { derived } = keyRing.minting
    const userId = mintUserId(derived, PROBE_APP, userTag(derived, PROBE_APP, node.id, () => Buffer.alloc(0)))
    const { username, credential } = mintCredential(passwordsOf(deriveNodeSecret(nodeKey, signing.generation)), userId, expiresAtSeconds)
    await writeProbeCredential(redis, node.id, { username, password: credential, expiresAtMs: expiresAtSeconds * 1000, ...signing }, TTL_MS)
  }
}
