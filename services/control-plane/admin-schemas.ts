import { Type } from 'typebox'
import type { Static } from 'typebox'
import { App, AppId, KEY_KINDS, RelayCaps, RequestLimits, UserJwt } from '../domain/app.ts'
import { ADMIN_ROLES } from '../domain/audit.ts'
import { NodeId } from '../domain/node.ts'
import { USER_TAG_PATTERN } from '../domain/turn-credential.ts'

const closed = { additionalProperties: false }
export const Timestamp = (description: string) => Type.String({ format: 'date-time', description })

export const AppParams = Type.Object({ app: AppId })
export const KeyParams = Type.Object({ app: AppId, key: Type.String({ pattern: '^[0-9a-f]{16}$' }) })
export const NodeParams = Type.Object({ node: NodeId })
export const UserParams = Type.Object({ tag: Type.String({ pattern: USER_TAG_PATTERN, description: 'the user tag: the middle part of a TURN username behind its colon' }) })

/** An app as the admin API shows it: its secret stays where it is. */
export const AppReply = Type.Object({
  ...App.properties,
  userJwt: Type.Union([Type.Object({
    issuer: UserJwt.properties.issuer,
    audience: UserJwt.properties.audience,
    jwksUrl: UserJwt.properties.jwksUrl,
    hasSecret: Type.Boolean()
  }, closed), Type.Null()])
}, closed)
export type AppReply = Static<typeof AppReply>

/** The HS256 secret, or the address of the key set; RFC 7518, 3.2 asks for as many bits as the hash has. */
export const SetUserJwt = Type.Object({
  issuer: UserJwt.properties.issuer,
  audience: Type.Optional(UserJwt.properties.audience),
  secret: Type.Optional(Type.String({ minLength: 32, maxLength: 1024, description: 'HS256; at least 32 characters' })),
  jwksUrl: Type.Optional(Type.String({ pattern: '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:|/))', maxLength: 1024, description: 'https, or http on this machine' }))
}, closed)
export type SetUserJwt = Static<typeof SetUserJwt>

const { name, suspended, maxTtlSeconds, allowedOrigins, regions, paidSpill } = App.properties
const settings = {
  name: Type.Optional(name),
  suspended: Type.Optional(suspended),
  maxTtlSeconds: Type.Optional(maxTtlSeconds),
  allowedOrigins: Type.Optional(allowedOrigins),
  regions: Type.Optional(regions),
  paidSpill: Type.Optional(paidSpill),
  requestsPerMinute: Type.Optional(Type.Partial(RequestLimits, closed)),
  relayCaps: Type.Optional(Type.Partial(RelayCaps, closed)),
  userJwt: Type.Optional(Type.Union([SetUserJwt, Type.Null()]))
}
export const CreateApp = Type.Object({ id: AppId, ...settings }, closed)
export const ChangeApp = Type.Object(settings, closed)
export type ChangeApp = Static<typeof ChangeApp>

export const CreateKey = Type.Object({ kind: Type.Optional(Type.Enum([...KEY_KINDS])) }, closed)
export const KeyReply = Type.Object({
  id: Type.String(),
  app: Type.String(),
  kind: Type.Enum([...KEY_KINDS]),
  createdAt: Timestamp('when it was made'),
  lastUsedAt: Type.Union([Timestamp('to the minute'), Type.Null()])
}, closed)
export const NewKeyReply = Type.Object({
  id: Type.String(),
  app: Type.String(),
  kind: Type.Enum([...KEY_KINDS]),
  createdAt: Timestamp('when it was made'),
  key: Type.String({ description: 'shown this once' })
}, closed)

export const TokenName = Type.String({ pattern: '^(?!(root|spillway)$)[a-z0-9][a-z0-9._-]{0,63}$', description: 'who holds it, as the audit will say; not root' })
export const TokenParams = Type.Object({ name: TokenName })
export const CreateToken = Type.Object({ name: TokenName, role: Type.Enum([...ADMIN_ROLES]) }, closed)
export const TokenReply = Type.Object({ name: Type.String(), role: Type.Enum([...ADMIN_ROLES]), createdAt: Timestamp('when it was made') }, closed)
export const NewTokenReply = Type.Object({ ...TokenReply.properties, token: Type.String({ description: 'shown this once' }) }, closed)

export const EraseReply = Type.Object({
  userTag: Type.String(),
  decisions: Type.Integer({ description: 'records of issued credentials that were deleted' }),
  state: Type.Literal('accepted', { description: 'the ledger forgets the user within a minute, or once it runs again' })
}, closed)
