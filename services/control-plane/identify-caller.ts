import { allowsOrigin, KEY_PREFIX } from '../domain/app.ts'
import type { App, AppsAndKeys } from '../domain/app.ts'
import type { CallerKind } from '../domain/decision.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { holdLimit } from '../policy/spend-tokens.ts'
import type { HeldLimit } from '../policy/spend-tokens.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { sha256 } from '../domain/sha256.ts'
import { problems } from './problems.ts'
import type { VerifyUserJwt } from './verify-user-jwt.ts'

/** Who asks for credentials, proven. */
export interface Caller {
  app: App
  kind: CallerKind
  /** on all requests of its app */
  appLimit: HeldLimit
  /** the id of the key, where it is one */
  key: string | undefined
  /** the user a token speaks for */
  user: string | undefined
}

/** Keys in use at a time that are held: those that are used a thousand times a second. */
const MAX_HELD = 10_000
/** Longer than any key of ours: nothing to remember. */
const MAX_KEY_LENGTH = 64
/** Whom the keys in use belong to, as long as apps and keys are what they were. */
const known = new WeakMap<AppsAndKeys, RecentMap<string, Caller>>()

/** Three parts (RFC 7515, 7.1); no key has a dot. */
const COMPACT_JWT = /^[\w-]+\.[\w-]*\.[\w-]*$/

/**
 * Who holds this key or token. What can be in a browser, a publishable key or a user token, is good on the origins of
 * its app only; a token may also come from no browser at all.
 * @param origin of the page that asks, as its browser says
 */
export function identifyCaller ({ appsAndKeys }: Snapshot, verifyUserJwt: VerifyUserJwt, token: string | undefined, origin: string | undefined): Caller | Promise<Caller> {
  if (token === undefined) throw problems.noBearer()
  if (!token.startsWith(KEY_PREFIX.secret) && COMPACT_JWT.test(token)) {
    return verifyUserJwt(appsAndKeys, token).then(({ app, user }) => checkOrigin({ app, kind: 'jwt', appLimit: appLimitOf(app), key: undefined, user }, origin))
  }
  if (token.length > MAX_KEY_LENGTH) throw problems.wrongKey()
  return checkOrigin(ownerOf(appsAndKeys, token), origin)
}

/** @throws Problem wrong_key, of which nothing is held: a stranger must not push out those that are good */
function ownerOf (appsAndKeys: AppsAndKeys, token: string): Caller {
  let held = known.get(appsAndKeys)
  if (!held) known.set(appsAndKeys, held = new RecentMap(MAX_HELD))
  return held.take(token, () => {
    const key = appsAndKeys.keys.get(sha256(token))
    const app = key && appsAndKeys.apps.get(key.app)
    if (!app) throw problems.wrongKey()
    return { app, kind: key.kind, appLimit: appLimitOf(app), key: key.id, user: undefined }
  })
}

/** One for all keys and tokens of an app, so that they have one lease. */
const appLimits = new WeakMap<App, HeldLimit>()

function appLimitOf (app: App): HeldLimit {
  let name = appLimits.get(app)
  if (!name) appLimits.set(app, name = holdLimit(`app:${app.id}`))
  return name
}

function checkOrigin (caller: Caller, origin: string | undefined): Caller {
  const { app, kind } = caller
  if (kind === 'publishable' && origin === undefined) throw problems.foreignOrigin()
  if (kind !== 'secret' && origin !== undefined && !allowsOrigin(app.allowedOrigins, origin)) throw problems.foreignOrigin()
  return caller
}
