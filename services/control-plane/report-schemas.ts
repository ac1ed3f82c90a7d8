import { Type } from 'typebox'
import type { Static } from 'typebox'
import { AppId } from '../domain/app.ts'
import { AuditEntry } from '../domain/audit.ts'
import { CALLER_KINDS, Decision } from '../domain/decision.ts'
import { NodeId } from '../domain/node.ts'
import { PROVIDERS } from '../domain/provider.ts'
import { MICRO_USD_PATTERN } from '../domain/money.ts'
import { Price } from '../domain/rate-card.ts'
import { PROBE_APP, USER_TAG_PATTERN } from '../domain/turn-credential.ts'
import { BASES, USAGE_DIMENSIONS } from '../domain/usage.ts'
import { Timestamp } from './admin-schemas.ts'

const closed = { additionalProperties: false }
/** `<node>:<boot>:<allocation>`: the same allocation number comes again with each life of coturn. */
const SESSION_ID_PATTERN = '[a-z0-9][a-z0-9-]{0,31}:[A-Za-z0-9-]{1,64}:[0-9]{18}'
export const SessionId = Type.String({ pattern: `^${SESSION_ID_PATTERN}$`, description: '<node>:<boot>:<allocation>' })
/** Of an app, or of the probes, which are shown to whoever asks for them by this name. */
const ReportedApp = Type.Union([AppId, Type.Literal(PROBE_APP)])
/** A number in a query, as text; Ajv turns no text into numbers here. */
const count = (description: string) => Type.String({ pattern: '^[1-9][0-9]{0,3}$', description })

const MicroUsd = (description: string) => Type.String({ pattern: MICRO_USD_PATTERN, description: `micro-USD, ${description}` })

export const UsageQuery = Type.Object({
  app: Type.Optional(ReportedApp),
  from: Type.Optional(Type.String({ description: 'ISO 8601 date or time; default: 24 hours before `to`' })),
  to: Type.Optional(Type.String({ description: 'ISO 8601 date or time, not included; default: now' })),
  by: Type.Optional(Type.Enum([...USAGE_DIMENSIONS])),
  format: Type.Optional(Type.Enum(['json', 'csv']))
}, closed)

export const UsageReply = Type.Object({
  from: Timestamp('the hour it begins with'),
  to: Timestamp('where its last hour ends'),
  by: Type.Enum([...USAGE_DIMENSIONS]),
  asOf: Timestamp('when it was read'),
  rows: Type.Array(Type.Object({
    key: Type.String(),
    sessions: Type.Integer(),
    lostSessions: Type.Integer({ description: 'of the sessions, those that ended without their last report' }),
    seconds: Type.Integer(),
    bytesIn: Type.Integer({ description: 'from the client' }),
    bytesOut: Type.Integer({ description: 'to the client' }),
    packetsIn: Type.Integer(),
    packetsOut: Type.Integer(),
    costMicroUsd: Type.Union([Type.String(), Type.Null()], { description: 'at list prices, credits not taken off; null: not known' }),
    basis: Type.Enum([...BASES], { description: 'whose word it is: our relays, the records of the provider, or what issued credentials are expected to use. Rows of provider and estimated are about the same bytes' }),
    priceVersions: Type.Array(Type.String(), { description: 'see prices' })
  }, closed)),
  prices: Type.Array(Type.Object({ version: Type.String(), ...Price.properties }, closed), { description: 'those the costs were made with' }),
  credits: Type.Array(Type.Object({
    provider: Type.String(),
    month: Type.String({ description: 'yyyy-mm, UTC' }),
    basis: Type.Enum([...BASES]),
    gigabytesPerMonth: Type.Integer(),
    billedBytes: Type.String({ description: 'of the whole month so far, free ones included' }),
    freeBytes: Type.String(),
    creditMicroUsd: MicroUsd('what the free bytes would have cost: to be taken off')
  }, closed), { description: 'of the whole account, whichever app was asked for: free gigabytes of each month the range touches' }),
  flat: Type.Array(Type.Object({
    region: Type.String(),
    nodes: Type.Integer({ description: 'there are now' }),
    microUsdPerNodeMonth: MicroUsd('by the rate card of today'),
    microUsdPerMonth: MicroUsd('of all of them')
  }, closed), { description: 'nodes at a flat price, whatever they relay: in no row, for no app has caused it' })
}, closed)

export const SessionsQuery = Type.Object({
  state: Type.Optional(Type.Enum(['open', 'ended'])),
  app: Type.Optional(ReportedApp),
  node: Type.Optional(NodeId),
  user: Type.Optional(Type.String({ pattern: USER_TAG_PATTERN, description: 'a user tag' })),
  limit: Type.Optional(count('1 to 9999, default 100')),
  before: Type.Optional(Type.String({ pattern: `^[0-9]{1,16}:${SESSION_ID_PATTERN}$`, description: '`next` of the page before' }))
}, closed)

export const SessionsReply = Type.Object({
  sessions: Type.Array(Type.Object({
    id: SessionId,
    node: Type.String(),
    boot: Type.String({ description: 'the life of coturn it belongs to' }),
    allocation: Type.String({ description: "coturn's own number of it" }),
    app: Type.String(),
    userTag: Type.String({ description: 'empty: erased' }),
    provider: Type.String(),
    region: Type.String(),
    state: Type.Enum(['open', 'closed', 'lost']),
    startedAtMs: Type.Integer(),
    atMs: Type.Integer({ description: 'when it was last heard of' }),
    seconds: Type.Integer(),
    packetsIn: Type.Integer(),
    bytesIn: Type.Integer(),
    packetsOut: Type.Integer(),
    bytesOut: Type.Integer()
  }, closed)),
  next: Type.Union([Type.String(), Type.Null()], { description: '`before` of the next page, which there may be though little or nothing was found for this one; null: that was all' })
}, closed)

export const DecisionsQuery = Type.Object({
  app: Type.Optional(AppId),
  provider: Type.Optional(Type.Enum([...PROVIDERS])),
  reason: Type.Optional(Type.String({ maxLength: 64 })),
  caller: Type.Optional(Type.Enum([...CALLER_KINDS])),
  node: Type.Optional(NodeId),
  userTag: Type.Optional(Type.String({ pattern: USER_TAG_PATTERN })),
  limit: Type.Optional(count('1 to 9999, default 100')),
  before: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}-[0-9]{1,19}$', description: '`next` of the page before' }))
}, closed)
export type DecisionsQuery = Static<typeof DecisionsQuery>

export const DecisionsReply = Type.Object({
  decisions: Type.Array(Type.Object({ id: Type.String(), ...Decision.properties }, closed), { description: 'the newest first' }),
  next: Type.Union([Type.String(), Type.Null()], { description: '`before` of the next page; null: that was all' })
}, closed)

export const AuditQuery = Type.Object({
  from: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$', description: 'number of the first entry; without it, the last entries' })),
  limit: Type.Optional(count('1 to 9999, default 100'))
}, closed)

export const AuditReply = Type.Object({
  entries: Type.Array(AuditEntry, { description: 'the oldest first' }),
  head: Type.Object({ sequence: Type.Integer(), hash: Type.String() }, { description: 'the last entry there is' })
}, closed)

export const VerifyReply = Type.Object({
  intact: Type.Boolean(),
  entries: Type.Integer({ description: 'how many were checked' }),
  brokenAt: Type.Union([Type.Integer(), Type.Null()], { description: 'the first entry that does not follow from the one before it' }),
  head: Type.Object({ sequence: Type.Integer(), hash: Type.String() }, { description: 'compare it with one you have noted before' })
}, closed)
