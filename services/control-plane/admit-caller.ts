import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { addressTag } from '../domain/client-address.ts'
import { userTag } from '../domain/turn-credential.ts'
import type { DerivedKeys } from '../domain/turn-credential.ts'
import { checkCaps, hasCaps } from '../policy/check-caps.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { remaining, resetSeconds, retryAfterSeconds } from '../policy/spend-tokens.ts'
import type { Lease } from '../policy/spend-tokens.ts'
import { identifyCaller } from './identify-caller.ts'
import type { Caller } from './identify-caller.ts'
import { hideFromBrowsers } from './plugins/cors.ts'
import { problems } from './problems.ts'
import type { IssuedRecorder } from './record-issued.ts'
import type { Limit, RequestLimitsKeeper } from './request-limits.ts'
import type { VerifyUserJwt } from './verify-user-jwt.ts'

export interface AdmissionOptions {
  snapshot: () => Snapshot | undefined
  verifyUserJwt: VerifyUserJwt
  keys: DerivedKeys
  limits: Pick<RequestLimitsKeeper, 'spend'>
  recorder: Pick<IssuedRecorder, 'useKey' | 'placesOf'>
  /** 16 bytes, for a request that names no user */
  random: () => Buffer
  now: () => number
}

/** A caller that may have a credential: proven, and within its limits and caps. */
export interface Admitted extends Caller {
  userTag: string
  /** the one it was judged by, and is to be served by */
  snapshot: Snapshot
  nowMs: number
}

/** Addresses hashed within a minute or so are hashed once. */
const MAX_ADDRESSES = 20_000

/**
 * auth -> limits -> caps: who may come in, or why not. `authenticate` alone is for calls that issue nothing.
 * @throws Problem for whoever may not
 */
export function createAdmission (options: AdmissionOptions) {
  const addressTags = new LRUCache<string, string>({ max: MAX_ADDRESSES })
  const tagOfAddress = (address: string): string => {
    const held = addressTags.get(address)
    if (held !== undefined) return held
    const tag = addressTag(options.keys.address, address)
    addressTags.set(address, tag)
    return tag
  }

  function limitsOf ({ app: { id, requestsPerMinute }, kind }: Caller, namedTag: string | undefined, address: string): Limit[] {
    const limits = [{ name: `app:${id}`, perMinute: requestsPerMinute.app }]
    if (kind === 'publishable') limits.push({ name: `publishable:${id}`, perMinute: requestsPerMinute.publishable })
    if (namedTag !== undefined) limits.push({ name: `user:${id}:${namedTag}`, perMinute: requestsPerMinute.user })
    if (kind !== 'secret') limits.push({ name: `address:${id}:${tagOfAddress(address)}`, perMinute: requestsPerMinute.address })
    return limits
  }

  async function authenticate (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): Promise<Admitted> {
    const { origin } = request.headers
    const nowMs = options.now()
    const snapshot = options.snapshot()
    const caller = await identifyCaller(snapshot, options.verifyUserJwt, token, origin)
    if (!snapshot) throw problems.notReady()
    if (origin !== undefined && caller.kind === 'secret') hideFromBrowsers(reply)
    if (caller.app.suspended) throw problems.suspended(caller.app.id)
    if (caller.user !== undefined && asked !== undefined && asked !== caller.user) throw problems.userIsSub()
    if (caller.key !== undefined) options.recorder.useKey(caller.key, nowMs)
    const user = caller.user ?? asked
    return { ...caller, ...user === undefined ? {} : { user }, userTag: userTag(options.keys, caller.app.id, user, options.random), snapshot, nowMs }
  }

  return {
    authenticate,

    /** @param asked the user the request names */
    async admit (request: FastifyRequest, reply: FastifyReply, token: string | undefined, asked: string | undefined): Promise<Admitted> {
      const admitted = await authenticate(request, reply, token, asked)
      const { app, userTag, snapshot, nowMs } = admitted
      const { outcome, lease } = await options.limits.spend(limitsOf(admitted, admitted.user === undefined ? undefined : userTag, request.ip))
      reply.headers(headersOf(lease))
      if (outcome === 'refused') throw problems.tooMany(SCOPES[lease.limit.slice(0, lease.limit.indexOf(':'))] ?? '', retryAfterSeconds(lease))

      const use = hasCaps(app.relayCaps) ? snapshot.relayUse.get(app.id) : undefined
      if (use) {
        const places = new Set([...use.reserved, ...options.recorder.placesOf(app.id)])
        const reached = checkCaps(app.relayCaps, { ...use, reserved: [...places] }, userTag, snapshot.outageSinceMs === undefined, nowMs)
        if (reached) throw problems.relayQuota(reached.detail, reached.retryAfterSeconds)
      }
      return admitted
    }
  }
}
export type Admission = ReturnType<typeof createAdmission>

const SCOPES: Record<string, string> = { app: 'of this app', publishable: 'with publishable keys of this app', user: 'for this user', address: 'from this address' }

/** draft-ietf-httpapi-ratelimit-headers-06, section 4, of the limit that is nearest to its end. */
const headersOf = (lease: Lease): Record<string, string> => ({
  'ratelimit-limit': String(lease.perMinute),
  'ratelimit-remaining': String(remaining(lease)),
  'ratelimit-reset': String(resetSeconds(lease))
})
