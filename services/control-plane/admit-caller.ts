import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkCaps, hasCaps } from '../policy/check-caps.ts'
import type { CapReached } from '../policy/check-caps.ts'
import { refusedUntil } from '../policy/kicks.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { holdLimit, remaining, resetSeconds, retryAfterSeconds } from '../policy/spend-tokens.ts'
import type { Lease } from '../policy/spend-tokens.ts'
import type { HintedRequest } from './hint-region.ts'
import { identifyCaller } from './identify-caller.ts'
import type { Caller } from './identify-caller.ts'
import { hideFromBrowsers } from './plugins/cors.ts'
import { problems } from './problems.ts'
import type { KeyedNames, UserName } from './keyed-names.ts'
import type { IssuedRecorder } from './record-issued.ts'
import type { Limit, RequestLimitsKeeper } from './request-limits.ts'
import type { VerifyUserJwt } from './verify-user-jwt.ts'

export interface AdmissionOptions {
  snapshot: () => Snapshot | undefined
  verifyUserJwt: VerifyUserJwt
  names: KeyedNames
  limits: Pick<RequestLimitsKeeper, 'spend'>
  hintRegion: (request: HintedRequest) => string | undefined
  recorder: Pick<IssuedRecorder, 'useKey' | 'placesOf'>
  now: () => number
}

/** A caller that is proven, and what it is called; nothing is said yet of limits. `user` is the one a token speaks for, or the request names. */
export interface KnownCaller extends Caller, UserName {
  /** of the client; it stays in this process */
  address: string
  /** where the client is, as a trusted proxy says */
  hintedRegion: string | undefined
  /** the one it was judged by, and is to be served by */
  snapshot: Snapshot
  nowMs: number
}

/**
 * Before a user named with a publishable key, which anybody can read: it is a claim, and must not use up what belongs to
 * the user of that name.
 */
const CLAIMED = 'claimed\0'

/**
 * auth -> limits -> caps: who may come in, or why not. `authenticate` alone is for calls that issue nothing.
 * @throws Problem for whoever may not
 */
export function createAdmission (options: AdmissionOptions) {
  function limitsOf ({ app: { id, requestsPerMinute }, kind, user, appLimit, limit, address }: KnownCaller): Limit[] {
    const limits: Limit[] = [{ held: appLimit, scope: 'of this app', perMinute: requestsPerMinute.app }]
    if (kind === 'publishable') limits.push({ held: holdLimit(`publishable:${id}`), scope: 'with publishable keys of this app', perMinute: requestsPerMinute.publishable })
    if (user !== undefined) limits.push({ held: limit, scope: 'for this user', perMinute: requestsPerMinute.user })
    if (kind !== 'secret') limits.push({ held: holdLimit(`address:${id}:${options.names.ofAddress(address)}`), scope: 'from this address', perMinute: requestsPerMinute.address })
    return limits
  }

  function authenticate (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): KnownCaller | Promise<KnownCaller> {
    const { origin } = request.headers
    // read at once: who hangs up while a token is checked has none any more
    const address = request.ip ?? ''
    const hintedRegion = options.hintRegion(request)
    const nowMs = options.now()
    const snapshot = options.snapshot()
    if (!snapshot) throw problems.notReady()
    return whenKnown(identifyCaller(snapshot, options.verifyUserJwt, token, origin), ({ app, kind, appLimit, key, user: sub }) => {
      if (origin !== undefined && kind === 'secret') hideFromBrowsers(reply)
      if (app.suspended) throw problems.suspended(app.id)
      if (sub !== undefined && asked !== undefined && asked !== sub) throw problems.userIsSub()
      if (key !== undefined) options.recorder.useKey(key, nowMs)
      const user = sub ?? (kind === 'publishable' && asked !== undefined ? `${CLAIMED}${asked}` : asked)
      const { userTag, userId, limit } = options.names.ofUser(app.id, user)
      // not only left out by the own fleet, which would send a user that was kicked to a provider that costs
      const untilMs = refusedUntil(snapshot.kicked, userTag, nowMs)
      if (untilMs !== undefined) throw problems.userKicked(untilMs)
      return { app, kind, appLimit, key, user, userTag, userId, limit, address, hintedRegion, snapshot, nowMs }
    })
  }

  function spend (caller: KnownCaller, reply: FastifyReply): KnownCaller | Promise<KnownCaller> {
    return whenKnown(options.limits.spend(limitsOf(caller)), ({ spent, lease, scope }) => {
      tellLimit(reply, lease, options.now())
      if (!spent) throw problems.tooMany(scope, retryAfterSeconds(lease))
      const reached = findCapReached(caller)
      if (reached) throw problems.relayQuota(reached.detail, reached.retryAfterSeconds)
      return caller
    })
  }

  /** The relay cap of its app that one more credential would pass. */
  function findCapReached ({ app, userTag, snapshot, nowMs }: KnownCaller): CapReached | undefined {
    const use = hasCaps(app.relayCaps) ? snapshot.relayUse.get(app.id) : undefined
    return use && checkCaps(app.relayCaps, use, options.recorder.placesOf(app.id), userTag, snapshot.outageSinceMs === undefined, nowMs)
  }

  return {
    authenticate,
    findCapReached,

    /** @param asked the user the request names */
    admit: (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): KnownCaller | Promise<KnownCaller> =>
      whenKnown(authenticate(request, reply, token, asked), caller => spend(caller, reply))
  }
}
export type Admission = ReturnType<typeof createAdmission>

/** draft-ietf-httpapi-ratelimit-headers-06, section 4, of the limit that is nearest to its end. */
function tellLimit (reply: FastifyReply, lease: Lease, nowMs: number): void {
  reply.header('ratelimit-limit', lease.perMinute)
  reply.header('ratelimit-remaining', remaining(lease, nowMs))
  reply.header('ratelimit-reset', resetSeconds(lease, nowMs))
}

/** Goes on at once with what is known at once: a key, a token on lease. Only a user token, or an empty lease, makes a request wait. */
export const whenKnown = <Value, Next>(value: Value | Promise<Value>, next: (value: Value) => Next | Promise<Next>): Next | Promise<Next> =>
  value instanceof Promise ? value.then(next) : next(value)
