import { randomBytes } from 'node:crypto'
import type { Actor } from '../../domain/audit.ts'
import { sealSecret } from '../../domain/key-ring.ts'
import { SEAL_NONCE_BYTES } from '../../domain/seal.ts'
import type { Snapshot } from '../../policy/next-snapshot.ts'
import { makeChange } from '../../store/audit.ts'
import type { Change } from '../../store/audit.ts'
import type { Redis } from '../../store/connect.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'

/** What the routes of the admin API work with. */
export interface AdminContext {
  redis: Redis
  snapshot: () => Snapshot | undefined
  /** the one way to change anything: together with its entry in the audit, decided on the newest key ring */
  change: <Result>(actor: Actor, decide: () => Promise<Change<Result> | { result: Result }>) => Promise<Result>
  sealSecret: (text: string) => string
  keyRing: KeyRingKeeper
  domain: string
  now: () => number
}

export const newNonce = (): Buffer => randomBytes(SEAL_NONCE_BYTES)

export const createAdminContext = (options: Omit<AdminContext, 'change' | 'sealSecret'>): AdminContext => ({
  ...options,
  sealSecret: text => sealSecret(options.keyRing.ring.current, text, newNonce()),
  change: async (actor, decide) => await makeChange(options.redis, actor, options.now(), async () => {
    await options.keyRing.refresh()
    return await decide()
  })
})
