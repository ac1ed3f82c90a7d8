import { Type } from 'typebox'
import type { Static } from 'typebox'
import { App, AppId, MAX_TTL_SECONDS } from '../domain/app.ts'
import { IceServer } from '../domain/ice-servers.ts'
import { NodeId, REGION_PATTERN } from '../domain/node.ts'
import { USAGE_DIMENSIONS } from '../domain/usage.ts'

const closed = { additionalProperties: false }
export const CredentialsRequest = Type.Object({
  user: Type.Optional(Type.String({ minLength: 1, description: "the app's own id of a person; kept only as a keyed hash" })),
  room: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'clients of one room meet on one node' })),
  ttl: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TTL_SECONDS, description: 'seconds; cut to the cap of the app' })),
  region: Type.Optional(Type.String({ pattern: REGION_PATTERN }))
}, closed)
export type CredentialsRequest = Static<typeof CredentialsRequest>

export const CredentialsReply = Type.Object({
  iceServers: Type.Array(IceServer),
  ttl: Type.Integer({ description: 'seconds from now' }),
  expiresAt: Type.String({ format: 'date-time' }),
  refreshAfter: Type.String({ format: 'date-time', description: 'ask again from then on' }),
  provider: Type.String(),
  region: Type.Union([Type.String(), Type.Null()], { description: 'of the first node' }),
  degraded: Type.Boolean({ description: 'true: there is no relay in it, or it was decided without knowing how the fleet is' }),
  expiryEndsCalls: Type.Boolean({ description: 'true: the provider cuts calls when the credential expires' }),
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  uris: Type.Array(Type.String())
}, closed)
export type CredentialsReply = Static<typeof CredentialsReply>

export const TurnCredentialsReply = Type.Object({
  iceServers: Type.Array(IceServer),
  expiresAt: Type.Integer({ description: 'unix time in milliseconds' }),
  provider: Type.String()
}, closed)

export const TurnStatusReply = Type.Object({
  coturn: Type.Boolean(),
  cloudflare: Type.Boolean(),
  twilio: Type.Boolean(),
  static: Type.Boolean(),
  timestamp: Type.Integer({ description: 'unix time in milliseconds' })
}, closed)

/** draft-uberti-behave-turn-rest-00, section 2.1, with the names clients give the key. */
export const TurnRestRequest = Type.Object({
  service: Type.Optional(Type.Literal('turn')),
  username: Type.Optional(Type.String({ description: "the app's own id of a person" })),
  key: Type.Optional(Type.String()),
  api: Type.Optional(Type.String()),
  api_key: Type.Optional(Type.String())
})
export type TurnRestRequest = Static<typeof TurnRestRequest>

/** Section 2.2 of the draft. */
export const TurnRestReply = Type.Object({
  username: Type.String(),
  password: Type.String(),
  ttl: Type.Integer({ description: 'seconds' }),
  uris: Type.Array(Type.String())
}, closed)

export const AppParams = Type.Object({ app: AppId })
export const KeyParams = Type.Object({ app: AppId, key: Type.String({ pattern: '^[0-9a-f]{16}$' }) })
export const NodeParams = Type.Object({ node: NodeId })

export const CreateApp = Type.Object({
  id: AppId,
  name: Type.Optional(App.properties.name),
  maxTtlSeconds: Type.Optional(App.properties.maxTtlSeconds)
}, closed)
export const ChangeApp = Type.Object({
  name: Type.Optional(App.properties.name),
  maxTtlSeconds: Type.Optional(App.properties.maxTtlSeconds)
}, closed)

export const KeyReply = Type.Object({ id: Type.String(), app: Type.String(), createdAt: Type.String() }, closed)
export const NewKeyReply = Type.Object({
  ...KeyReply.properties,
  key: Type.String({ description: 'shown this once' })
}, closed)

export const UsageQuery = Type.Object({
  app: Type.Optional(AppId),
  from: Type.Optional(Type.String({ description: 'ISO 8601 date or time; default: 24 hours before `to`' })),
  to: Type.Optional(Type.String({ description: 'ISO 8601 date or time, not included; default: now' })),
  by: Type.Optional(Type.Enum([...USAGE_DIMENSIONS])),
  format: Type.Optional(Type.Enum(['json', 'csv']))
}, closed)

export const SessionsQuery = Type.Object({
  state: Type.Optional(Type.Enum(['open', 'ended'])),
  app: Type.Optional(AppId),
  node: Type.Optional(NodeId),
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: '1 to 9999, default 100' })),
  offset: Type.Optional(Type.String({ pattern: '^[0-9]{1,9}$' }))
}, closed)
