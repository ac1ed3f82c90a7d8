import { DEFAULT_TTL_SECONDS } from '../domain/app.ts'
import type { App } from '../domain/app.ts'
import type { Decision } from '../domain/decision.ts'
import type { ProviderName } from '../domain/provider.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { decideRoute } from '../policy/decide-route.ts'
import type { Step } from '../policy/decide-route.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import type { RouteRequest } from '../policy/route-request.ts'
import type { Minted, MintRequest, Provider, Providers } from './providers/provider.ts'
import type { KnownCaller } from './admit-caller.ts'
import type { CredentialsReply, CredentialsRequest } from './schemas.ts'
import { problems } from './problems.ts'

export interface Issuing {
  providers: Providers
  available: readonly ProviderName[]
  record: (app: App, decision: Decision) => void
  onProviderFailed: (provider: ProviderName, error: Error) => void
}

/** Clients should come back while a quarter of the ttl is left: room for a retry, and for a clock that is off. */
const REFRESH_AFTER = 0.75

/**
 * An app asks, ICE servers come back: decide -> mint -> record -> answer. Needs no Redis: the snapshot holds all.
 * @throws Problem no_provider where every step of the plan fails
 */
export async function issueCredentials (issuing: Issuing, caller: KnownCaller, request: CredentialsRequest): Promise<CredentialsReply> {
  const { app, userTag, userId, snapshot, nowMs } = caller
  const mintRequest = { app: app.id, userTag, userId, ttlSeconds: ttlOf(app, request), nowMs }
  const failed: ProviderName[] = []

  for (const step of decideRoute(routeRequest(caller, request), snapshot, issuing.available)) {
    try {
      const minted = await (issuing.providers[step.provider] as Provider).mint(mintRequest, step)
      issuing.record(app, describe(caller, mintRequest, minted, step, failed))
      return answer(minted, mintRequest, step, snapshot)
    } catch (error) {
      failed.push(step.provider)
      issuing.onProviderFailed(step.provider, error as Error)
    }
  }
  throw problems.noProvider()
}

/** What the app asks for and what it may have. @throws Problem region_not_allowed */
export function routeRequest ({ app, userTag, hintedRegion }: KnownCaller, { room, region }: CredentialsRequest): RouteRequest {
  if (region !== undefined && app.regions.length > 0 && !app.regions.includes(region)) throw problems.foreignRegion(region)
  return { app: app.id, userTag, room, region, hintedRegion, regions: app.regions, paidSpill: app.paidSpill }
}

export const ttlOf = (app: App, { ttl }: CredentialsRequest): number => Math.min(ttl ?? DEFAULT_TTL_SECONDS, app.maxTtlSeconds)

function describe ({ app, userTag, kind }: KnownCaller, { ttlSeconds, nowMs }: MintRequest, minted: Minted, step: Step, failed: readonly ProviderName[]): Decision {
  return {
    atMs: nowMs,
    app: app.id,
    userTag,
    caller: kind,
    provider: step.provider,
    reason: step.reason,
    nodes: step.provider === 'coturn' ? step.nodes.map(({ id }) => id) : [],
    region: minted.region,
    ttlSeconds,
    expiresAtSeconds: Math.floor(minted.expiresAtMs / 1000),
    failed: [...failed]
  }
}

function answer (minted: Minted, { ttlSeconds, nowMs }: MintRequest, step: Step, snapshot: Snapshot): CredentialsReply {
  const first = minted.iceServers.find(({ username }) => username !== undefined) ?? minted.iceServers[0]
  return {
    iceServers: minted.iceServers,
    ttl: ttlSeconds,
    expiresAt: isoSecond(minted.expiresAtMs),
    refreshAfter: isoSecond(nowMs + ttlSeconds * 1000 * REFRESH_AFTER),
    provider: step.provider,
    region: minted.region,
    degraded: step.provider === 'stun' || step.reason === 'unsure' || snapshot.outageSinceMs !== undefined,
    expiryEndsCalls: minted.expiryEndsCalls,
    ...first?.username !== undefined && first.credential !== undefined ? { username: first.username, password: first.credential } : {},
    uris: first?.urls ?? []
  }
}

/** All requests of a second and a ttl end in the same second, so a moment is made once and read a thousand times. */
const isoSeconds = new RecentMap<number, string>(1_000)

/** ISO 8601 to the second, rounded down. */
function isoSecond (atMs: number): string {
  const second = Math.floor(atMs / 1000)
  return isoSeconds.take(second, () => new Date(second * 1000).toISOString())
}
