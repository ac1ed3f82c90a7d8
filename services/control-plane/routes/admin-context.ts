import type { Actor } from '../../domain/audit.ts'
import type { Snapshot } from '../../policy/next-snapshot.ts'
import { makeChange } from '../../store/audit.ts'
import type { Change } from '../../store/audit.ts'
import type { Redis } from '../../store/connect.ts'

/** What the routes of the admin API work with. */
export interface AdminContext {
  redis: Redis
  snapshot: () => Snapshot | undefined
  /** the one way to change anything: together with its entry in the audit */
  change: <Result>(actor: Actor, decide: () => Promise<Change<Result> | { result: Result }>) => Promise<Result>
  sealSecret: (text: string) => string
  masterKey: string
  domain: string
  now: () => number
}

export const createAdminContext = (options: Omit<AdminContext, 'change'>): AdminContext => ({
  ...options,
  change: async (actor, decide) => await makeChange(options.redis, actor, options.now(), decide)
})
