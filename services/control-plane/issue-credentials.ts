import { DEFAULT_TTL_SECONDS } from '../domain/app.ts'
import type { App } from '../domain/app.ts'
import { sanitiseIceServers } from '../domain/ice-servers.ts'
import { userTag } from '../domain/turn-credential.ts'
import type { DerivedKeys } from '../domain/turn-credential.ts'
import { decideRoute } from '../policy/decide-route.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { Step } from '../policy/decide-route.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import type { Minted, MintRequest, Provider, Providers } from './providers/provider.ts'
import type { CredentialsReply, CredentialsRequest } from './schemas.ts'
import { problems } from './problems.ts'

export interface Issuing {
  snapshot: () => Snapshot | undefined
  providers: Providers
  available: readonly ProviderName[]
  keys: DerivedKeys
  record: (app: string, provider: ProviderName, reason: string) => void
  onProviderFailed: (provider: ProviderName, error: Error) => void
  /** 16 bytes, for a request that names no user */
  random: () => Buffer
  now: () => number
}

/** Clients should come back while a quarter of the ttl is left: room for a retry, and for a clock that is off. */
const REFRESH_AFTER = 0.75

/**
 * An app asks, ICE servers come back: decide -> mint -> record -> answer. Needs no Redis: the snapshot holds all.
 * @throws Problem not_ready before the first snapshot, no_provider where every step of the plan fails
 */
export async function issueCredentials (issuing: Issuing, app: App, request: CredentialsRequest): Promise<CredentialsReply> {
  const snapshot = issuing.snapshot()
  if (!snapshot) throw problems.notReady()
  const nowMs = issuing.now()
  const tag = userTag(issuing.keys, app.id, request.user, issuing.random())
  const mintRequest = { app: app.id, userTag: tag, ttlSeconds: Math.min(request.ttl ?? DEFAULT_TTL_SECONDS, app.maxTtlSeconds), nowMs }

  for (const step of decideRoute({ userTag: tag, room: request.room, region: request.region }, snapshot, issuing.available)) {
    try {
      const minted = await mint(issuing.providers, mintRequest, step)
      issuing.record(app.id, step.provider, step.reason)
      return answer(minted, mintRequest, step, snapshot)
    } catch (error) {
      issuing.onProviderFailed(step.provider, error as Error)
    }
  }
  throw problems.noProvider()
}

async function mint (providers: Providers, request: MintRequest, step: Step): Promise<Minted> {
  const provider = providers[step.provider] as Provider
  const minted = await provider.mint(request, step)
  const iceServers = sanitiseIceServers(minted.iceServers)
  if (iceServers.length === 0) throw new Error('it answered no URL a browser accepts')
  return { ...minted, iceServers }
}

function answer (minted: Minted, { ttlSeconds, nowMs }: MintRequest, step: Step, snapshot: Snapshot): CredentialsReply {
  const first = minted.iceServers.find(({ username }) => username !== undefined) ?? minted.iceServers[0]
  return {
    iceServers: minted.iceServers,
    ttl: ttlSeconds,
    expiresAt: new Date(minted.expiresAtMs).toISOString(),
    refreshAfter: new Date(nowMs + ttlSeconds * 1000 * REFRESH_AFTER).toISOString(),
    provider: step.provider,
    region: minted.region,
    degraded: step.provider === 'stun' || step.reason === 'unsure' || snapshot.outageSinceMs !== undefined,
    expiryEndsCalls: minted.expiryEndsCalls,
    ...first?.username !== undefined && first.credential !== undefined ? { username: first.username, password: first.credential } : {},
    uris: first?.urls ?? []
  }
}
