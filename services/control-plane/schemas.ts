import { Type } from 'typebox'
import type { Static } from 'typebox'
import { AppId, MAX_TTL_SECONDS } from '../domain/app.ts'
import { BUDGET_PERIODS } from '../domain/budget.ts'
import { IceServer } from '../domain/ice-servers.ts'
import { REGION_PATTERN } from '../domain/node.ts'
import { NODE_STATES, NodeReason } from '../domain/node-state.ts'
import { PROVIDERS } from '../domain/provider.ts'
import { SKIP_REASONS } from '../policy/skip-provider.ts'

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
  // one type of two kinds: for a union of types the serialiser would try each on every reply
  region: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'of the first node' }),
  degraded: Type.Boolean({ description: 'true: there is no relay in it, or it was decided without knowing how the fleet is' }),
  expiryEndsCalls: Type.Boolean({ description: 'true: the provider cuts calls when the credential expires' }),
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  uris: Type.Array(Type.String())
}, closed)
export type CredentialsReply = Static<typeof CredentialsReply>

const ToldCap = Type.Object({
  app: Type.Union([Type.String(), Type.Null()], { description: 'null: of all apps together' }),
  period: Type.Enum([...BUDGET_PERIODS]),
  capMicroUsd: Type.String(),
  bookedMicroUsd: Type.String({ description: 'spent, as far as it is known' }),
  reservedMicroUsd: Type.String({ description: 'set aside for credentials that are not booked yet' }),
  leftMicroUsd: Type.String()
})

const ToldDenial = Type.Object({
  reason: Type.Enum(['budget_used_up', 'price_unknown', 'outage_allowance_used_up']),
  cap: Type.Union([ToldCap, Type.Null()]),
  neededMicroUsd: Type.Union([Type.String(), Type.Null()], { description: 'what a credential is expected to cost' })
}, { description: 'what the budgets have against it' })

/** What POST /v1/credentials would do, and why. */
export const ExplainReply = Type.Object({
  app: AppId,
  ttl: Type.Integer({ description: 'seconds the credential would live' }),
  sentences: Type.Array(Type.String(), { description: 'for people: what would be answered and why, what stands against each node, and what to do about it' }),
  clientRegion: Type.Object({
    region: Type.Union([Type.String(), Type.Null()]),
    source: Type.Enum(['request', 'header', 'default', 'none'])
  }, { description: 'where the client is taken to be, and by whose word' }),
  plan: Type.Array(Type.Object({
    provider: Type.Enum([...PROVIDERS]),
    reason: Type.String(),
    remarks: Type.Array(Type.String()),
    nodes: Type.Array(Type.String(), { description: 'of the own fleet, the first one first' }),
    urls: Type.Array(Type.String(), { description: 'of these nodes' })
  }), { description: 'what would be tried, in order' }),
  skipped: Type.Array(Type.Object({
    provider: Type.Enum([...PROVIDERS]),
    reason: Type.Enum([...SKIP_REASONS, 'no_node']),
    budget: Type.Optional(ToldDenial),
    circuit: Type.Optional(Type.Object({
      state: Type.Enum(['open', 'half_open', 'misconfigured']),
      retryAt: Type.String({ format: 'date-time', description: 'when the next request may find out whether it is well' }),
      lastFailure: Type.Union([Type.String(), Type.Null()], { description: 'see lastError of GET /admin/v1/providers' })
    }, { description: 'why it is left alone, as the replica that is asked has seen it' }))
  })),
  budgetsPassed: Type.Array(ToldCap, { description: 'budgets with the action warn that a paid credential would pass' }),
  nodes: Type.Array(Type.Object({
    id: Type.String(),
    region: Type.String(),
    state: Type.Enum([...NODE_STATES]),
    reasons: Type.Array(NodeReason),
    loadRatio: Type.Number(),
    share: Type.Number({ description: 'of what it would get, while it starts slowly' }),
    room: Type.Union([Type.Object({ megabits: Type.Number(), allocations: Type.Union([Type.Integer(), Type.Null()]) }), Type.Null()], { description: 'Mbit/s and allocations that nothing runs on, is expected of or was promised; null: its load is not known' }),
    score: Type.Union([Type.Object({
      saturated: Type.Boolean(),
      distance: Type.Integer({ description: '0: in the region of the client, or it has none; then its neighbours in their order, then all others' }),
      hot: Type.Boolean({ description: 'so much fuller than the rest that rooms leave it' }),
      weight: Type.Number({ description: 'what its chance in the draw is proportional to' })
    }), Type.Null()], { description: 'what it is ranked by, each before the next, then the draw; null where it could not serve' }),
    verdict: Type.String({ description: 'chosen, full, outranked, region_not_allowed, or its state' })
  })),
  relayCap: Type.Union([Type.String(), Type.Null()], { description: 'the cap that would refuse the credential' }),
  stale: Type.Boolean({ description: 'true: Redis is away, this is decided on what was last read' }),
  outageReason: Type.Union([Type.Enum(['unreadable', 'emptied']), Type.Null()], { description: 'what is the matter with Redis' })
}, closed)

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

/** RFC 9457. */
export const ProblemReply = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'stays the same; what to decide by' }),
  detail: Type.String({ description: 'for people' })
}, { ...closed, title: 'Problem' })
