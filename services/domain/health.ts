import { Type } from 'typebox'
import type { Static } from 'typebox'

/**
 * How far a probe of one URL came, in order: its name resolved, a connection or a socket, TLS, STUN Binding, Allocate,
 * CreatePermission, bytes from one allocation to another and back. The first that fails is the one told.
 */
export const PROBE_STAGES = ['resolve', 'connect', 'tls', 'binding', 'allocate', 'permission', 'relay'] as const
export type ProbeStage = typeof PROBE_STAGES[number]

/** Why, in words that stay the same: a STUN error is named by what coturn means by it. */
export const PROBE_CAUSES = [
  'unresolved', 'unreachable', 'refused', 'closed', 'timeout',
  'certificate_expired', 'certificate_untrusted', 'tls_failed',
  'unauthorized', 'quota', 'no_ports', 'forbidden', 'stun_error', 'loss'
] as const
export type ProbeCause = typeof PROBE_CAUSES[number]

export const ProbeFailure = Type.Object({
  stage: Type.Enum([...PROBE_STAGES]),
  cause: Type.Enum([...PROBE_CAUSES]),
  code: Type.Union([Type.Integer(), Type.Null()], { description: 'STUN error code (RFC 8489, RFC 8656), where there was one' })
})
export type ProbeFailure = Static<typeof ProbeFailure>

const Milliseconds = Type.Union([Type.Number({ minimum: 0 }), Type.Null()])

/** What one probe of one URL found. */
export const UrlProbe = Type.Object({
  url: Type.String(),
  failure: Type.Union([ProbeFailure, Type.Null()]),
  answered: Type.Boolean({ description: 'something at that address answered, be it with an error: this vantage point can reach it' }),
  bindingMs: Milliseconds,
  allocateMs: Milliseconds,
  relayMs: Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: 'the median way through both allocations and back' }),
  packetsSent: Type.Integer({ minimum: 0 }),
  packetsReceived: Type.Integer({ minimum: 0 }),
  certificateExpiresAtMs: Type.Union([Type.Integer(), Type.Null()], { description: 'null: no TLS, or it was not seen' })
})
export type UrlProbe = Static<typeof UrlProbe>

/** `unknown`: not probed often enough to say, or nothing could be probed. */
export const URL_STATES = ['good', 'bad', 'unknown'] as const
export type UrlState = typeof URL_STATES[number]

/** What a vantage point holds of one URL after many probes. */
export const UrlHealth = Type.Object({
  url: Type.String(),
  state: Type.Enum([...URL_STATES]),
  failure: Type.Union([ProbeFailure, Type.Null()], { description: 'of the last probe that failed, while it is not good' }),
  /** how many of the last probes in a row went well, or did not; what judgeHealth goes by */
  goodInARow: Type.Integer({ minimum: 0 }),
  badInARow: Type.Integer({ minimum: 0 }),
  wasGood: Type.Optional(Type.Boolean({ description: 'whether any probe of it ever went well' })),
  last: UrlProbe
})
export type UrlHealth = Static<typeof UrlHealth>

/** What one prober says of one node, after each probe of it. `beat` grows with each, so age needs no common clock. */
export const NodeHealth = Type.Object({
  beat: Type.Integer(),
  reaches: Type.Boolean({ description: 'whether this vantage point reaches anything at all: if not, what it says of a node is no vote' }),
  urls: Type.Array(UrlHealth)
})
export type NodeHealth = Static<typeof NodeHealth>

/** Of each node that was probed, by the name of the prober, what it says. */
export type FleetHealth = ReadonlyMap<string, ReadonlyMap<string, NodeHealth>>
