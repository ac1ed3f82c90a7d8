import type { IceServer } from '../domain/ice-servers.ts'
import { createCallGuard, within } from './call-guard.ts'
import type { CircuitView, GuardOptions } from './call-guard.ts'
import { createSharedMints } from './shared-mints.ts'
import { UpstreamError } from './upstream-error.ts'

export interface RelayCredential {
  iceServers: IceServer[]
  expiresAtMs: number
}

/** What a provider's client can do. */
export interface MintClient {
  /** @throws UpstreamError, or whatever a malformed reply makes its reader throw */
  mint: (request: { app: string, ttlSeconds: number }, signal: AbortSignal) => Promise<RelayCredential>
}

export interface MinterOptions extends GuardOptions {
  client: MintClient
  /** what a credential of this provider may live at most: nobody can take it back, so this bounds what it can cost */
  maxTtlSeconds: number
  /** how long one credential serves every user of an app; 0: each user has an own one */
  shareSeconds: number
}

/** The shortest life asked for: a call takes a while to begin, and Twilio is not known to take less. */
const MIN_TTL_SECONDS = 60

/**
 * Credentials of one paid provider, under its guard. Users of different apps never share one: it would book the calls of
 * one to the other. Users of one app share only where the operator says so; by default what is shared is the answer to the
 * same user asking for the same twice at a time.
 */
export function createPaidMinter ({ client, maxTtlSeconds, shareSeconds, ...guardOptions }: MinterOptions) {
  const { now } = guardOptions
  const guard = createCallGuard(guardOptions)
  const take = createSharedMints<RelayCredential>(now, shareSeconds * 1000)

  async function mintNew (app: string, ttlSeconds: number, timeoutMs: number): Promise<RelayCredential> {
    return await guard.run(timeoutMs, async signal => {
      const minted = await client.mint({ app, ttlSeconds }, signal)
      if (minted.expiresAtMs - Date.now() < (MIN_TTL_SECONDS - 1) * 1000) throw new UpstreamError('bad_reply', 'the credential expires too soon to be used')
      return minted
    })
  }

  return {
    /**
     * @param fromMs unix time the life is counted from
     * @param ttlSeconds the life asked for; the credential lives no longer than maxTtlSeconds
     * @param timeoutMs for all of it
     * @throws UpstreamError
     */
    mint: async ({ app, userTag, fromMs, ttlSeconds }: { app: string, userTag: string, fromMs: number, ttlSeconds: number }, timeoutMs: number): Promise<RelayCredential> => {
      const lifeSeconds = Math.min(Math.max(ttlSeconds, MIN_TTL_SECONDS), maxTtlSeconds)
      // what is handed out later must still live as long as was asked for, as far as the cap lets it
      const usable = ({ expiresAtMs }: RelayCredential): boolean => expiresAtMs >= fromMs + (lifeSeconds - shareSeconds) * 1000
      const key = JSON.stringify(shareSeconds > 0 ? [app, lifeSeconds] : [app, lifeSeconds, userTag])
      const mint = async (): Promise<RelayCredential> => await mintNew(app, Math.min(lifeSeconds + shareSeconds, maxTtlSeconds), timeoutMs)
      const { iceServers, expiresAtMs } = await within(timeoutMs, async () => await take(key, usable, mint))
      return { iceServers, expiresAtMs: Math.min(expiresAtMs, fromMs + Math.min(ttlSeconds, maxTtlSeconds) * 1000) }
    },
    view: (): CircuitView => guard.view()
  }
}
export type PaidMinter = ReturnType<typeof createPaidMinter>
