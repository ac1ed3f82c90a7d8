import { Type } from 'typebox'
import { JOIN_TOKEN_ID_PATTERN } from '../domain/join-token.ts'
import { NodeId, Region } from '../domain/node.ts'
import { MOST_ADDRESSES, RelayAddresses } from '../domain/relay-addresses.ts'
import { Timestamp } from './admin-schemas.ts'

const closed = { additionalProperties: false }
const orNull = <Schema extends ReturnType<typeof Type.String>> (schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description })

/** A quarter of an hour: enough to log in to the new machine and paste a line. */
export const DEFAULT_JOIN_TTL_SECONDS = 900
/** Whoever has it can put a relay into the fleet: never more than a day. */
const MAX_JOIN_TTL_SECONDS = 86_400

export const CreateJoinToken = Type.Object({
  node: Type.Optional(NodeId),
  region: Type.Optional(Region),
  addresses: Type.Optional(RelayAddresses),
  ttlSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_JOIN_TTL_SECONDS, description: `how long it may be used; default ${DEFAULT_JOIN_TTL_SECONDS}` }))
}, closed)

export const JoinTokenParams = Type.Object({ id: Type.String({ pattern: JOIN_TOKEN_ID_PATTERN }) })

const shown = {
  id: Type.String(),
  node: orNull(Type.String(), 'what the node will be called; null: it gets a new name'),
  region: orNull(Type.String(), 'where it stands, unless its machine says otherwise'),
  addresses: Type.Optional(RelayAddresses),
  createdAt: Timestamp('when it was made'),
  createdBy: Type.String({ description: 'name of the admin token' }),
  expiresAt: Timestamp('the last moment it may be used')
}
export const NewJoinTokenReply = Type.Object({ ...shown, token: Type.String({ description: 'shown this once; opens once' }) }, closed)
export const JoinTokensReply = Type.Object({
  joinTokens: Type.Array(Type.Object({
    ...shown,
    usedAt: Type.Union([Timestamp('when it was used'), Type.Null()]),
    usedAs: orNull(Type.String(), 'the node that came of it'),
    state: Type.Enum(['open', 'used', 'expired'])
  }, closed), { description: 'the newest first; one that is over is listed for a day' })
}, closed)

export const JoinRequest = Type.Object({
  addresses: Type.Optional(Type.Array(RelayAddresses.items, { maxItems: MOST_ADDRESSES, description: 'where its relay will be, so that a mistake is told before the token is spent' }))
}, closed)

/** All a machine needs to be a node of this fleet. */
export const JoinReply = Type.Object({
  node: Type.String({ description: 'SPILLWAY_NODE_ID' }),
  region: orNull(Type.String(), 'SPILLWAY_NODE_REGION, unless the machine knows better'),
  domain: Type.String({ description: 'SPILLWAY_DOMAIN' }),
  key: Type.String({ description: 'SPILLWAY_NODE_KEY: shown this once' }),
  redisUrl: Type.String({ description: 'SPILLWAY_REDIS_URL with a login of its own: shown this once' }),
  redisCa: orNull(Type.String(), 'PEM for SPILLWAY_REDIS_TLS_CA; null: its certificate comes from a CA everybody knows')
}, closed)
