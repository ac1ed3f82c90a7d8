import { DEFAULT_TTL_SECONDS } from '../domain/app.ts'
import type { App } from '../domain/app.ts'
import type { Decision } from '../domain/decision.ts'
import { isPaid } from '../domain/provider.ts'
import type { OpenCircuit, ProviderName } from '../domain/provider.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { decideRoute } from '../policy/decide-route.ts'
import type { Step } from '../policy/decide-route.ts'
import type { PromiseBook } from '../policy/keep-promises.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { NO_OWN_SPEND } from '../policy/check-budget.ts'
import type { OwnSpend } from '../policy/check-budget.ts'
import type { RouteRequest } from '../policy/route-request.ts'
import { skippedBefore } from '../policy/skip-provider.ts'
import type { Skipped } from '../policy/skip-provider.ts'
import type { Minted, MintRequest, Provider, Providers } from './providers/provider.ts'
import type { KnownCaller } from './admit-caller.ts'
import { budgetFacts } from './judge-spend.ts'
import type { CredentialsReply, CredentialsRequest } from './schemas.ts'
import { problems } from './problems.ts'

export interface Issuing {
  providers: Providers
  available: readonly ProviderName[]
  /** what this replica has set aside for paid credentials; absent: nothing */
  ownSpend?: () => OwnSpend
  /** paid providers that are left alone now; absent: none */
  openCircuits?: () => ReadonlyMap<ProviderName, OpenCircuit>
  record: (app: App, decision: Decision) => void
  /** allocations on their way to nodes whose heartbeats cannot tell of them yet */
  promises: Pick<PromiseBook, 'promise' | 'promised'>
  onProviderFailed: (provider: ProviderName, error: Error) => void
}

/** Clients should come back while a quarter of the ttl is left: room for a retry, and for a clock that is off. */
const REFRESH_AFTER = 0.75
/** For all paid providers of a plan together: with what is done around them, a request is answered within 2.5 s. */
const PATIENCE_MS = 2_300
/** Of what is left, where another paid provider stands behind: most of it, for the first of them is the one the operator prefers. */
const PATIENCE_OF_FIRST = 0.6

/**
 * An app asks, ICE servers come back: decide -> mint -> record -> answer. Needs no Redis: the snapshot holds all. Known at
 * once, what fails as well, but where a provider has to be asked.
 * @throws Problem no_provider where every step of the plan fails
 */
export function issueCredentials (issuing: Issuing, caller: KnownCaller, request: CredentialsRequest): CredentialsReply | Promise<CredentialsReply> {
  const { app, userTag, userId, snapshot, nowMs } = caller
  const mintRequest = { app: app.id, userTag, userId, ttlSeconds: ttlOf(app, request), nowMs }
  const failed: ProviderName[] = []
  const startedMs = performance.now()

  const asked = routeRequest(caller, request, issuing)
  const plan = decideRoute(asked, snapshot, issuing.available, issuing.promises.promised)

  function tryFrom (at: number): CredentialsReply | Promise<CredentialsReply> {
    const step = plan[at]
    if (!step) throw problems.noProvider()
    const handOut = (minted: Minted): CredentialsReply => {
      promiseAllocations(issuing.promises, step, nowMs)
      issuing.record(app, describe(caller, mintRequest, minted, step, failed, skippedBefore(asked, issuing.available, step)))
      return answer(minted, mintRequest, step, snapshot)
    }
    const tryNext = (error: unknown): CredentialsReply | Promise<CredentialsReply> => {
      failed.push(step.provider)
      issuing.onProviderFailed(step.provider, error as Error)
      return tryFrom(at + 1)
    }
    try {
      const timeoutMs = isPaid(step.provider) ? patienceFor(plan.slice(at + 1), performance.now() - startedMs) : 0
      const minting = (issuing.providers[step.provider] as Provider).mint(mintRequest, step, timeoutMs)
      return minting instanceof Promise ? minting.then(handOut).catch(tryNext) : handOut(minting)
    } catch (error) {
      return tryNext(error)
    }
  }
  return tryFrom(0)
}

/** Each URL of a node is an allocation of the client for a while. */
function promiseAllocations (promises: Issuing['promises'], step: Step, nowMs: number): void {
  if (step.provider !== 'coturn') return
  for (const [index, { id }] of step.nodes.entries()) promises.promise(id, step.urls[index]?.length ?? 0, nowMs)
}

/** How long a paid provider may take, before the ones behind it. */
function patienceFor (behind: readonly Step[], waitedMs: number): number {
  const leftMs = Math.max(0, PATIENCE_MS - waitedMs)
  return behind.some(({ provider }) => isPaid(provider)) ? leftMs * PATIENCE_OF_FIRST : leftMs
}

/** What the app asks for and what it may have. @throws Problem region_not_allowed */
export function routeRequest (caller: KnownCaller, { room, region }: CredentialsRequest, { available, ownSpend = () => NO_OWN_SPEND, openCircuits }: Pick<Issuing, 'available' | 'ownSpend' | 'openCircuits'>): RouteRequest {
  const { app, userTag, hintedRegion } = caller
  if (region !== undefined && app.regions.length > 0 && !app.regions.includes(region)) throw problems.foreignRegion(region)
  const { denials, warnings } = budgetFacts(caller, available, ownSpend)
  const { regions, paidSpill } = app
  return { app: app.id, userTag, room, region, hintedRegion, regions, paidSpill, denials, warnings, openCircuits: openCircuits?.() }
}

export const ttlOf = (app: App, { ttl }: CredentialsRequest): number => Math.min(ttl ?? DEFAULT_TTL_SECONDS, app.maxTtlSeconds)

function describe ({ app, userTag, kind }: KnownCaller, { ttlSeconds, nowMs }: MintRequest, minted: Minted, step: Step, failed: readonly ProviderName[], skipped: Skipped[]): Decision {
  const decision: Decision = {
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
  if (skipped.length > 0) decision.skipped = skipped
  return decision
}

function answer (minted: Minted, { ttlSeconds, nowMs }: MintRequest, step: Step, snapshot: Snapshot): CredentialsReply {
  const first = minted.iceServers.find(({ username }) => username !== undefined) ?? minted.iceServers[0]
  // a provider may give less than was asked for
  const ttl = Math.min(ttlSeconds, Math.ceil((minted.expiresAtMs - nowMs) / 1000))
  const reply: CredentialsReply = {
    iceServers: minted.iceServers,
    ttl,
    expiresAt: isoSecond(minted.expiresAtMs),
    refreshAfter: isoSecond(nowMs + ttl * 1000 * REFRESH_AFTER),
    provider: step.provider,
    region: minted.region,
    degraded: step.provider === 'stun' || step.reason === 'unsure' || snapshot.outageSinceMs !== undefined,
    expiryEndsCalls: minted.expiryEndsCalls,
    uris: first?.urls ?? []
  }
  if (first?.username !== undefined && first.credential !== undefined) {
    reply.username = first.username
    reply.password = first.credential
  }
  return reply
}

/** All requests of a second and a ttl end in the same second, so a moment is made once and read a thousand times. */
const isoSeconds = new RecentMap<number, string>(1_000)

/** ISO 8601 to the second, rounded down. */
function isoSecond (atMs: number): string {
  const second = Math.floor(atMs / 1000)
  return isoSeconds.take(second, () => new Date(second * 1000).toISOString())
}
