import type { Actor } from '../domain/audit.ts'
import { sealSecret } from '../domain/key-ring.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { newNonce } from '../runtime/new-nonce.ts'
import { ChangesCollided, makeChange } from '../store/audit.ts'
import type { Change } from '../store/audit.ts'
import type { Redis } from '../store/connect.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'
import { problems } from './problems.ts'

/** What the routes of the admin API work with. */
export interface AdminContext {
  redis: Redis
  snapshot: () => Snapshot | undefined
  /** the one way an operator changes anything: together with its entry in the audit, decided on the newest key ring */
  change: <Result>(actor: Actor, decide: () => Promise<Change<Result> | { result: Result }>) => Promise<Result>
  sealSecret: (text: string) => string
  keyRing: KeyRingKeeper
  domain: string
  now: () => number
}

/** A change that has waited this long behind others is given up: Redis is slow, or somebody changes without end. */
const QUEUE_MS = 5_000

/** Changes of this replica wait for each other, so that they collide with those of other replicas only. */
export function createAdminContext (options: Omit<AdminContext, 'change' | 'sealSecret'>): AdminContext {
  const { redis, keyRing, now } = options
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...options,
    sealSecret: text => sealSecret(keyRing.ring.current, text, newNonce()),
    change: async (actor, decide) => {
      const askedMs = now()
      const own = last.then(async () => {
        if (now() - askedMs > QUEUE_MS) throw problems.tooManyChanges()
        return await makeChange(redis, actor, now(), async () => {
          await keyRing.refresh()
          return await decide()
        })
      })
      last = own.catch(() => {})
      return await own.catch((error: unknown) => { throw error instanceof ChangesCollided ? problems.tooManyChanges() : error })
    }
  }
}
