import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { dropRevocable, findRevocable, noteRevocable } from '../store/revocable.ts'
import type { Revocable } from '../store/revocable.ts'
import type { Provider, Providers } from './providers/provider.ts'
import type { Revoke } from './providers/index.ts'

/** A kick that comes behind a credential finds it: users are refused from a second after it, and kicked for longer than this. */
const FLUSH_MS = 200
/** For a Redis that is away; the oldest are the first to expire by themselves. */
const MAX_WAITING = 20_000
/** Nobody waits for it, but the chores behind it. */
const REVOKE_MS = 2_000
/** Between two attempts where Cloudflare does not take one back: who is down is not asked again each second. */
const RETRY_MS = 5_000

export interface RevocationOptions {
  redis: Redis
  /** undefined: no provider that could take a credential back is configured */
  revoke: Revoke | undefined
  now: () => number
  onError: (error: Error) => void
  /** one of a kicked user was taken back */
  onRevoked: () => void
}

/**
 * Keeps who has which credential of Cloudflare, and takes those of kicked users back: their calls there end shortly after.
 * Every replica sees to it, so one may be revoked by several, which does no harm; one that stops in between leaves it to
 * the others.
 */
export function createRevocations ({ redis, revoke, now, onError, onRevoked }: RevocationOptions) {
  let waiting: Revocable[] = []
  let notBeforeMs = 0

  async function flush (): Promise<void> {
    const told = waiting
    waiting = []
    if (told.length === 0) return
    try {
      await noteRevocable(redis, told, now())
    } catch (error) {
      waiting = [...told, ...waiting].slice(-MAX_WAITING)
      throw error
    }
  }
  const flushing = repeat(FLUSH_MS, flush, onError)

  async function revokeOne (credential: Revocable, revoke: Revoke): Promise<void> {
    try {
      await revoke(credential.username, AbortSignal.timeout(REVOKE_MS))
    } catch (error) {
      notBeforeMs = now() + RETRY_MS
      throw error
    }
    await dropRevocable(redis, credential)
    onRevoked()
  }

  return {
    /** The same providers, but that who is given a credential that can be revoked is remembered. */
    remember: (providers: Providers): Providers => {
      const { cloudflare } = providers
      if (!revoke || !cloudflare) return providers
      const mint: Provider<'cloudflare'>['mint'] = async (request, ...more) => {
        const minted = await cloudflare.mint(request, ...more)
        const username = minted.iceServers.find(server => server.username !== undefined)?.username
        if (username !== undefined) waiting.push({ userTag: request.userTag, username, expiresAtMs: minted.expiresAtMs })
        return minted
      }
      return { ...providers, cloudflare: { mint } }
    },

    /** Takes back all that these users have. @throws UpstreamError; what is left is tried again with a later call */
    revokeOf: async (userTags: Iterable<string>): Promise<void> => {
      if (!revoke || now() < notBeforeMs) return
      for (const userTag of userTags) {
        for (const credential of await findRevocable(redis, userTag, now())) await revokeOne(credential, revoke)
      }
    },

    /** What waits is told before the process ends, if Redis is there. */
    stop: async (): Promise<void> => {
      await flushing.stop()
      await flush().catch(onError)
    }
  }
}
export type Revocations = ReturnType<typeof createRevocations>
