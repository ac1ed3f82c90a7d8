import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkCaps, hasCaps } from '../policy/check-caps.ts'
import type { CapReached } from '../policy/check-caps.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { remaining, resetSeconds, retryAfterSeconds } from '../policy/spend-tokens.ts'
import type { Lease } from '../policy/spend-tokens.ts'
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
  recorder: Pick<IssuedRecorder, 'useKey' | 'placesOf'>
  now: () => number
}

/** A caller that may have a credential: proven, and within its limits and caps. `user` is the one a token speaks for, or the request names. */
export interface Admitted extends Caller, UserName {
  /** the one it was judged by, and is to be served by */
  snapshot: Snapshot
  nowMs: number
}

/**
 * auth -> limits -> caps: who may come in, or why not. `authenticate` alone is for calls that issue nothing.
 * @throws Problem for whoever may not
 */
export function createAdmission (options: AdmissionOptions) {
  function limitsOf ({ app: { id, requestsPerMinute }, kind, user, limit }: Admitted, request: FastifyRequest): Limit[] {
    const limits = [{ name: `app:${id}`, perMinute: requestsPerMinute.app }]
    if (kind === 'publishable') limits.push({ name: `publishable:${id}`, perMinute: requestsPerMinute.publishable })
    if (user !== undefined) limits.push({ name: limit, perMinute: requestsPerMinute.user })
    if (kind !== 'secret') limits.push({ name: `address:${id}:${options.names.ofAddress(request.ip)}`, perMinute: requestsPerMinute.address })
    return limits
  }

  function authenticate (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): Admitted | Promise<Admitted> {
    const { origin } = request.headers
    const nowMs = options.now()
    const snapshot = options.snapshot()
    if (!snapshot) throw problems.notReady()
    return whenKnown(identifyCaller(snapshot, options.verifyUserJwt, token, origin), ({ app, kind, key, user: sub }) => {
      if (origin !== undefined && kind === 'secret') hideFromBrowsers(reply)
      if (app.suspended) throw problems.suspended(app.id)
      if (sub !== undefined && asked !== undefined && asked !== sub) throw problems.userIsSub()
      if (key !== undefined) options.recorder.useKey(key, nowMs)
      const user = sub ?? asked
      const { userTag, userId, limit } = options.names.ofUser(app.id, user)
      return { app, kind, key, user, userTag, userId, limit, snapshot, nowMs }
    })
  }

  function spend (admitted: Admitted, request: FastifyRequest, reply: FastifyReply): Admitted | Promise<Admitted> {
    return whenKnown(options.limits.spend(limitsOf(admitted, request)), ({ outcome, lease }) => {
      tellLimit(reply, lease)
      if (outcome === 'refused') throw problems.tooMany(SCOPES[lease.limit.slice(0, lease.limit.indexOf(':'))] ?? '', retryAfterSeconds(lease))
      const reached = findCapReached(admitted)
      if (reached) throw problems.relayQuota(reached.detail, reached.retryAfterSeconds)
      return admitted
    })
  }

  /** The relay cap of its app that one more credential would pass. */
  function findCapReached ({ app, userTag, snapshot, nowMs }: Admitted): CapReached | undefined {
    const use = hasCaps(app.relayCaps) ? snapshot.relayUse.get(app.id) : undefined
    if (!use) return undefined
    const reserved = [...new Set([...use.reserved, ...options.recorder.placesOf(app.id)])]
    return checkCaps(app.relayCaps, { ...use, reserved }, userTag, snapshot.outageSinceMs === undefined, nowMs)
  }

  return {
    authenticate,
    findCapReached,

    /** @param asked the user the request names */
    admit: (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): Admitted | Promise<Admitted> =>
      whenKnown(authenticate(request, reply, token, asked), admitted => spend(admitted, request, reply))
  }
}
export type Admission = ReturnType<typeof createAdmission>

const SCOPES: Record<string, string> = { app: 'of this app', publishable: 'with publishable keys of this app', user: 'for this user', address: 'from this address' }

/** draft-ietf-httpapi-ratelimit-headers-06, section 4, of the limit that is nearest to its end. */
function tellLimit (reply: FastifyReply, lease: Lease): void {
  reply.header('ratelimit-limit', lease.perMinute)
  reply.header('ratelimit-remaining', remaining(lease))
  reply.header('ratelimit-reset', resetSeconds(lease))
}

/** Goes on at once with what is known at once: a key, a token on lease. Only a user token, or an empty lease, makes a request wait. */
const whenKnown = <Value, Next>(value: Value | Promise<Value>, next: (value: Value) => Next | Promise<Next>): Next | Promise<Next> =>
  value instanceof Promise ? value.then(next) : next(value)
