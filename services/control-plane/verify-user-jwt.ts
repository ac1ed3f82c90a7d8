import { createSecretKey } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyOptions } from 'jose'
import type { App, AppsAndKeys } from '../domain/app.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { problems } from './problems.ts'

export interface VerifiedUser {
  app: App
  /** `sub` */
  user: string
}
export type VerifyUserJwt = (apps: AppsAndKeys, token: string) => Promise<VerifiedUser>

type RemoteKeySet = ReturnType<typeof createRemoteJWKSet>

/** Only what a public key can check: were HS256 among them, the public key itself would do as a secret (RFC 8725, 2.1). */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
/** Clocks of servers differ by a few seconds. */
const CLOCK_TOLERANCE_SECONDS = 5
/** A request waits for the first fetch of a key set, and must not wait long. */
const JWKS_DEADLINE_MS = 2_000
/** A token under an unknown key asks for the key set again, this often at most, whoever sends how many. */
const JWKS_COOLDOWN_MS = 30_000
/** Older keys are fetched anew, in case one was taken out of the set. */
const JWKS_FRESH_MS = 600_000
/** Key sets and secrets held at a time. */
const MAX_KEYS = 1_000

/**
 * Checks an app's own tokens of its users (RFC 7519): issuer and audience name the app, its secret or key set proves the
 * token, `exp` and `sub` must be there.
 * @throws Problem invalid_token, token_expired, keys_unavailable
 */
export function createUserJwtVerifier (unsealSecret: (sealed: string) => string | undefined, now: () => number): VerifyUserJwt {
  const keySets = new RecentMap<string, { keys: RemoteKeySet, askedAtMs: number }>(MAX_KEYS)
  const secrets = new RecentMap<string, ReturnType<typeof createSecretKey>>(MAX_KEYS)

  function keySetAt (url: string): RemoteKeySet {
    const held = keySets.take(url, () => ({
      // never stale for jose, which would use no key at all while it cannot fetch them anew
      keys: createRemoteJWKSet(new URL(url), { timeoutDuration: JWKS_DEADLINE_MS, cooldownDuration: JWKS_COOLDOWN_MS, cacheMaxAge: Infinity }),
      askedAtMs: now()
    }))
    if (now() - held.askedAtMs >= JWKS_FRESH_MS) {
      held.askedAtMs = now()
      // behind the reply; where it fails, the keys that are held stay good until the next time
      held.keys.reload().catch(() => {})
    }
    return held.keys
  }

  const secretOf = (app: string, sealed: string) => secrets.take(sealed, () => {
    const text = unsealSecret(sealed)
    if (text === undefined) throw problems.secretLost(app)
    return createSecretKey(text, 'utf8')
  })

  return async (apps, token) => {
    const app = findApp(apps, token)
    if (!app?.userJwt) throw problems.invalidJwt('no app has the issuer and audience of this token')
    const { issuer, audience, jwksUrl, sealedSecret } = app.userJwt
    const options: JWTVerifyOptions = { issuer, audience, requiredClaims: ['exp', 'sub'], clockTolerance: CLOCK_TOLERANCE_SECONDS, currentDate: new Date(now()) }
    try {
      const { payload } = jwksUrl !== null
        ? await jwtVerify(token, keySetAt(jwksUrl), { ...options, algorithms: PUBLIC_KEY_ALGORITHMS })
        : await jwtVerify(token, secretOf(app.id, sealedSecret ?? ''), { ...options, algorithms: ['HS256'] })
      return { app, user: subjectOf(payload) }
    } catch (error) {
      throw problemOf(error as Error, jwksUrl !== null)
    }
  }
}

/** Read before it is verified, only to know whose key to verify it with. */
function findApp (apps: AppsAndKeys, token: string): App | undefined {
  let claims: JWTPayload
  try {
    claims = decodeJwt(token)
  } catch {
    throw problems.invalidJwt('this is neither a key nor a token that can be read')
  }
  const audiences = [claims.aud].flat()
  return apps.byIssuer.get(claims.iss ?? '')?.find(({ userJwt }) => audiences.includes(userJwt?.audience))
}

function subjectOf ({ sub }: JWTPayload): string {
  if (typeof sub !== 'string' || sub === '') throw problems.invalidJwt('the "sub" of this token is not the id of a user')
  return sub
}

function problemOf (error: Error, byKeySet: boolean): Error {
  if (error instanceof errors.JWTExpired) return problems.expiredJwt()
  if (error instanceof errors.JWTClaimValidationFailed) return problems.invalidJwt(`the claim "${error.claim}" of this token is missing or not as it must be`)
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return problems.invalidJwt('the algorithm of this token is not allowed for its app')
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return problems.invalidJwt('the key of this token is not, or not once, in the key set of its app')
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return problems.invalidJwt('this token was not signed with the key of its app')
  // what is left is the way to the key set: no answer, no JSON, no keys, or numbers that are none (a DOMException of WebCrypto)
  if (byKeySet && (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError || error instanceof DOMException)) return problems.keySetAway()
  return error
}
