import { addMasterKey, openKeyRing, openMasterKey } from '../../services/domain/key-ring.ts'
import type { KeyRing, MasterKey } from '../../services/domain/key-ring.ts'
import { newNonce } from '../../services/runtime/new-nonce.ts'

/** The ring of a fleet whose master keys are these, the current one last, as a process configured with the first of them holds it. */
export function ringOf (first: string, second?: string): { ring: KeyRing, minting: MasterKey } {
  const alone = openKeyRing(null, [first], 0)
  const ring = second === undefined ? alone : openKeyRing(addMasterKey(alone, openMasterKey(second, '2026-11-22T10:00:00.000Z'), newNonce), [first], 0)
  return { ring, minting: ring.current }
}
