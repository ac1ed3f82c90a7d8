import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Region } from './node.ts'

const closed = { additionalProperties: false }

/**
 * An app id stands inside every TURN username, so its alphabet is small. coturn answers 400 to any username that
 * contains both "union" and "select" (its guard against SQL injection), hence the one combination refused here.
 */
export const APP_ID_PATTERN = '^(?!(?=.*union)(?=.*select))[a-z0-9-]{3,32}$'

export const AppId = Type.String({ pattern: APP_ID_PATTERN, description: '3 to 32 of a-z, 0-9 and -' })

/** The longest ttl a caller may ask for, in seconds: RFC 8489 sets none, a day is what every other issuer allows. */
export const MAX_TTL_SECONDS = 86_400

/** An hour: coturn checks the expiry only when an allocation is made, so a call outlives its credential. */
export const DEFAULT_TTL_SECONDS = 3_600

const PerMinute = (description: string) => Type.Integer({ minimum: 1, maximum: 10_000_000, description })

/** Requests for credentials, each a token bucket that holds a minute's worth. */
export const RequestLimits = Type.Object({
  app: PerMinute('requests a minute of the app, whoever makes them'),
  publishable: PerMinute('requests a minute with all publishable keys together'),
  user: PerMinute('requests a minute for one named user'),
  address: PerMinute('requests a minute from one client address (an IPv6 /64 counts as one), with a publishable key or a user JWT')
}, closed)
export type RequestLimits = Static<typeof RequestLimits>

/** A server is trusted to know its load; what a browser can reach is held far closer. */
export const DEFAULT_REQUEST_LIMITS: RequestLimits = { app: 60_000, publishable: 6_000, user: 300, address: 120 }

const Gigabytes = (description: string) => Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1e9 }), Type.Null()], { description })
const Sessions = (description: string) => Type.Union([Type.Integer({ minimum: 1, maximum: 1e9 }), Type.Null()], { description })

/** null: no cap. A session is one allocation; a browser may open one for each URL it is given. */
export const RelayCaps = Type.Object({
  appGigabytesPerMonth: Gigabytes('10^9 bytes relayed for the app in a calendar month (UTC), both directions'),
  userGigabytesPerMonth: Gigabytes('the same, of one user'),
  appSessions: Sessions('sessions open at the same time on all nodes together'),
  userSessions: Sessions('the same, of one user')
}, closed)
export type RelayCaps = Static<typeof RelayCaps>

export const NO_RELAY_CAPS: RelayCaps = { appGigabytesPerMonth: null, userGigabytesPerMonth: null, appSessions: null, userSessions: null }

/** Lower case, as browsers send it (RFC 6454); one `*.` stands for any subdomain. */
export const Origin = Type.String({
  pattern: '^[a-z][a-z0-9+.-]*://(\\*\\.)?[a-z0-9.-]+(:[0-9]{1,5})?$',
  maxLength: 255,
  description: 'scheme://host[:port] as the browser sends it; https://*.example.org stands for every subdomain'
})

/** How the app's own tokens of its users are checked: one of the two ways to a key. */
export const UserJwt = Type.Object({
  issuer: Type.String({ minLength: 1, maxLength: 500, description: 'iss' }),
  audience: Type.String({ minLength: 1, maxLength: 500, description: 'aud; issuer and audience together name one app' }),
  jwksUrl: Type.Union([Type.String(), Type.Null()], { description: 'where the public keys are (RFC 7517)' }),
  sealedSecret: Type.Union([Type.String(), Type.Null()], { description: 'the HS256 secret, sealed under the master key' })
}, closed)
export type UserJwt = Static<typeof UserJwt>

export const App = Type.Object({
  id: AppId,
  name: Type.String({ maxLength: 200 }),
  suspended: Type.Boolean({ description: 'true: it gets no credentials' }),
  maxTtlSeconds: Type.Integer({ minimum: 1, maximum: MAX_TTL_SECONDS, description: 'a longer ttl is cut to this' }),
  allowedOrigins: Type.Array(Origin, { maxItems: 100, description: 'where its publishable keys work' }),
  regions: Type.Array(Region, { maxItems: 50, description: 'the only regions its calls may be relayed in; none: all' }),
  paidSpill: Type.Boolean({ description: 'whether paid providers may serve it' }),
  requestsPerMinute: RequestLimits,
  relayCaps: RelayCaps,
  userJwt: Type.Union([UserJwt, Type.Null()]),
  createdAt: Type.String({ format: 'date-time' })
}, closed)
export type App = Static<typeof App>

/** An app with nothing said of it but its name. */
export const newApp = (id: string, createdAt: string): App => ({
  id,
  name: id,
  suspended: false,
  maxTtlSeconds: MAX_TTL_SECONDS,
  allowedOrigins: [],
  regions: [],
  paidSpill: true,
  requestsPerMinute: DEFAULT_REQUEST_LIMITS,
  relayCaps: NO_RELAY_CAPS,
  userJwt: null,
  createdAt
})

/** `secret`: for the app's server · `publishable`: may be seen by anyone, works from the app's origins only */
export const KEY_KINDS = ['secret', 'publishable'] as const
export type KeyKind = typeof KEY_KINDS[number]
export const KEY_PREFIX: Record<KeyKind, string> = { secret: 'sk_', publishable: 'pk_' }

/** What is kept of a key: never the key itself, only the SHA-256 it is looked up by. */
export interface AppKey {
  id: string
  app: string
  kind: KeyKind
  createdAt: string
}

/** Every app and every key, as one version of them. */
export interface AppsAndKeys {
  version: string
  apps: ReadonlyMap<string, App>
  /** by the SHA-256 of the key, hex */
  keys: ReadonlyMap<string, AppKey>
  /** apps with user JWTs, by issuer */
  byIssuer: ReadonlyMap<string, readonly App[]>
  /** of all apps: what a preflight, which names no app, is answered by; those with a `*` apart */
  origins: ReadonlySet<string>
  wildcardOrigins: readonly string[]
}

/** Whether one of these entries stands for the origin. */
export function allowsOrigin (entries: Iterable<string>, origin: string): boolean {
  for (const entry of entries) {
    const [scheme = '', domain] = entry.split('*')
    if (domain === undefined ? entry === origin : origin.startsWith(scheme) && origin.endsWith(domain) && /^[a-z0-9.-]+$/.test(origin.slice(scheme.length, -domain.length))) return true
  }
  return false
}

export function indexApps (version: string, apps: ReadonlyMap<string, App>, keys: ReadonlyMap<string, AppKey>): AppsAndKeys {
  const all = [...apps.values()]
  const byIssuer = Map.groupBy(all.filter(({ userJwt }) => userJwt !== null), ({ userJwt }) => userJwt?.issuer ?? '')
  const [exact = [], wildcardOrigins = []] = [false, true].map(wild => all.flatMap(({ allowedOrigins }) => allowedOrigins.filter(origin => origin.includes('*') === wild)))
  return { version, apps, keys, byIssuer, origins: new Set(exact), wildcardOrigins: [...new Set(wildcardOrigins)] }
}
