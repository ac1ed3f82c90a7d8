import { Type } from 'typebox'
import type { Static } from 'typebox'

/**
 * An app id stands inside every TURN username, so its alphabet is small. coturn answers 400 to any username that
 * contains both "union" and "select" (its guard against SQL injection), hence the one combination refused here.
 */
const APP_ID_PATTERN = '^(?!(?=.*union)(?=.*select))[a-z0-9-]{3,32}$'

export const AppId = Type.String({ pattern: APP_ID_PATTERN, description: '3 to 32 of a-z, 0-9 and -' })

/** The longest ttl a caller may ask for, in seconds: RFC 8489 sets none, a day is what every other issuer allows. */
export const MAX_TTL_SECONDS = 86_400

/** An hour: coturn checks the expiry only when an allocation is made, so a call outlives its credential. */
export const DEFAULT_TTL_SECONDS = 3_600

export const App = Type.Object({
  id: AppId,
  name: Type.String({ maxLength: 200 }),
  maxTtlSeconds: Type.Integer({ minimum: 1, maximum: MAX_TTL_SECONDS, description: 'a longer ttl is cut to this' }),
  createdAt: Type.String({ format: 'date-time' })
}, { additionalProperties: false })
export type App = Static<typeof App>

/** What is kept of a secret key: never the key itself, only the SHA-256 it is looked up by. */
export interface AppKey {
  id: string
  app: string
  createdAt: string
}

/** Every app and every key, as one version of them. */
export interface AppsAndKeys {
  version: string
  apps: Map<string, App>
  /** by the SHA-256 of the key, hex */
  keys: Map<string, AppKey>
}
