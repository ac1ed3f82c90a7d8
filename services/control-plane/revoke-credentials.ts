import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { dropRevocable, findRevocable, noteRevocable } from '../store/revocable.ts'
import type { Revocable } from '../store/revocable.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import type { Provider, Providers } from './providers/provider.ts'
import type { Revoke } from './providers/index.ts'

/** A kick that comes behind a credential finds it: users are refused from a second after it, and kicked for longer than this. */
const FLUSH_MS = 200
/** For a Redis that is away; the oldest are the first to expire by themselves. */
const MAX_WAITING = 20_000
/** How often kicked users are looked for. */
const LOOK_MS = 1_000
const REVOKE_MS = 2_000
/** More would meet the limit on requests that minting meets as well. */
const AT_ONCE = 8
/** Between two attempts at one that Cloudflare does not take back. Where the account is refused, only an operator helps. */
const RETRY_MS = 5_000
const RETRY_MISCONFIGURED_MS = 60_000

export interface RevocationOptions {
  redis: Redis
  /** undefined: no provider that could take a credential back is configured */
  revoke: Revoke | undefined
  /** the tags of users that are kept out */
  kicked: () => Iterable<string>
  now: () => number
  onError: (error: Error) => void
  /** some could not be taken back; the first reason why */
  onUnrevoked: (error: Error) => void
  /** one of a kicked user was taken back */
  onRevoked: () => void
}

/**
 * Keeps who has which credential of Cloudflare, and takes those of kicked users back: their calls there end shortly after.
 * Every replica sees to it, so one may be revoked by several, which does no harm; one that stops in between leaves it to
 * the others. A loop of its own: whom Cloudflare lets wait holds up nothing else, and one that fails none of the others.
 */
export function createRevocations ({ redis, revoke, kicked, now, onError, onUnrevoked, onRevoked }: RevocationOptions) {
  let waiting: Revocable[] = []
  /** by the username of one that could not be revoked */
  let pausedUntilMs = new Map<string, number>()
  const stopping = new AbortController()

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
    const { username } = credential
    try {
      await revoke(username, AbortSignal.any([stopping.signal, AbortSignal.timeout(REVOKE_MS)]))
    } catch (error) {
      const isRefused = error instanceof UpstreamError && error.kind === 'misconfigured'
      pausedUntilMs.set(username, now() + (isRefused ? RETRY_MISCONFIGURED_MS : RETRY_MS))
      throw error
    }
    await dropRevocable(redis, credential)
    onRevoked()
  }

  /** All of them, whatever becomes of one. @throws what the first of those that failed has thrown */
  async function revokeAll (due: readonly Revocable[], revoke: Revoke): Promise<void> {
    const failures: unknown[] = []
    const left = due.values()
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const credential of left) {
        if (stopping.signal.aborted) return
        await revokeOne(credential, revoke).catch((error: unknown) => { failures.push(error) })
      }
    }))
    if (failures.length > 0 && !stopping.signal.aborted) throw failures[0]
  }

  const revoking = revoke && repeat(LOOK_MS, async () => {
    const found = await findRevocable(redis, [...kicked()], now())
    const paused = found.filter(({ username }) => (pausedUntilMs.get(username) ?? 0) > now())
    pausedUntilMs = new Map(paused.map(({ username }) => [username, pausedUntilMs.get(username) ?? 0]))
    await revokeAll(found.filter(({ username }) => !pausedUntilMs.has(username)), revoke)
  }, onUnrevoked)

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

    /** Of a user that is to be forgotten nothing is noted any more that was issued until now. */
    forget: (userTag: string): void => { waiting = waiting.filter(credential => credential.userTag !== userTag) },

    /** What waits is told before the process ends, if Redis is there. */
    stop: async (): Promise<void> => {
      stopping.abort()
      await Promise.all([flushing.stop(), revoking?.stop()])
      await flush().catch(onError)
    }
  }
}
export type Revocations = ReturnType<typeof createRevocations>
