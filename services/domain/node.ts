import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Kick, MAX_KICKS } from './kick.ts'
import { LoadExperience, STEPS } from './load-experience.ts'
import { NodeKeyEntry } from './node-keys.ts'
import { RelayAddresses } from './relay-addresses.ts'

export const NodeId = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', description: '1 to 32 of a-z, 0-9 and -' })
export const REGION_PATTERN = '^[a-z0-9-]{1,32}$'
/** A name, an IPv4 address or an IPv6 address in brackets, and a port from 1 to 65535. */
export const HOST_AND_PORT_PATTERN = '^([A-Za-z0-9.-]{1,253}|\\[[0-9a-fA-F:.]{2,45}\\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$'
export const Region = Type.String({ pattern: REGION_PATTERN })

/** A newer secret beside the older ones, until nobody can hold a credential made with those any more. */
export const NodeRotation = Type.Object({
  overlapSeconds: Type.Integer({ minimum: 1, description: 'how long the older generations stay once the newest is confirmed' }),
  confirmedAtMs: Type.Optional(Type.Integer({ description: 'when the node was first seen to accept the newest' }))
})

/** No new sessions; those that run go on. Absent: the node serves. */
export const Draining = Type.Object({
  sinceMs: Type.Integer({ description: 'when it was asked for' }),
  closed: Type.Optional(Type.Object({
    atMs: Type.Integer({ description: 'when coturn was first seen to refuse new allocations' }),
    sessions: Type.Integer({ description: 'live at that moment' })
  }))
})

/**
 * What the control plane wants of a node. The generations are numbers, not secrets: the agent derives each secret from
 * a node key it holds. A new node key travels sealed under the one it holds already, so that no secret lies in the
 * central Redis in clear.
 */
export const DesiredNode = Type.Object({
  generations: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, description: 'secret generations coturn shall accept, the newest last' }),
  nodeKeys: Type.Array(NodeKeyEntry, { minItems: 1, description: 'which node key generations derive from' }),
  rotation: Type.Optional(NodeRotation),
  fleetIps: Type.Array(Type.String(), { description: 'relay addresses of the fleet, allowed as peers' }),
  addresses: Type.Optional(RelayAddresses),
  draining: Type.Optional(Draining),
  weight: Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'share of new sessions beside nodes of the same capacity; 1 is usual' }),
  capacityBitsPerSecond: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], { description: 'egress the node may carry; null: what its agent is configured with' }),
  kicks: Type.Optional(Type.Array(Kick, { maxItems: MAX_KICKS, description: 'sessions to end, and users that are kept out' }))
})
export type DesiredNode = Static<typeof DesiredNode>

/** The wish for a node that is new. @param nodeKeyId of the key its agent is given. @param addresses the only ones it may claim */
export const newDesired = (nodeKeyId: string, addresses?: RelayAddresses): DesiredNode =>
  ({ generations: [1], nodeKeys: [{ from: 1, id: nodeKeyId }], fleetIps: [], ...addresses && { addresses }, weight: 1, capacityBitsPerSecond: null })

/** As the admin API and the audit show it: without sealed keys, and without kicks, for an audit entry is for ever and must tell of no user. */
export const ShownDesired = Type.Object({
  generations: DesiredNode.properties.generations,
  nodeKeys: Type.Array(Type.Object({ from: NodeKeyEntry.properties.from, id: NodeKeyEntry.properties.id })),
  rotation: DesiredNode.properties.rotation,
  fleetIps: DesiredNode.properties.fleetIps,
  addresses: DesiredNode.properties.addresses,
  draining: DesiredNode.properties.draining,
  weight: DesiredNode.properties.weight,
  capacityBitsPerSecond: DesiredNode.properties.capacityBitsPerSecond
})
export const showDesired = ({ kicks: _, ...desired }: DesiredNode): Static<typeof ShownDesired> =>
  ({ ...desired, nodeKeys: desired.nodeKeys.map(({ from, id }) => ({ from, id })) })

/** What an agent says of its node, every 5 seconds. `beat` grows with each message, so age needs no common clock. */
export const ObservedNode = Type.Object({
  beat: Type.Integer(),
  clockMs: Type.Integer(),
  region: Region,
  // single addresses only: they become allowed peers of the whole fleet, and a range would open its private networks
  relayIps: Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$' }), { maxItems: 4 }),
  urls: Type.Array(Type.String(), { description: 'turn: and turns: URLs, best first' }),
  opsAddress: Type.Optional(Type.String({ pattern: HOST_AND_PORT_PATTERN, description: 'where Prometheus finds the metrics of its agent; absent: it is not to be scraped' })),
  capacityBitsPerSecond: Type.Number(),
  maxAllocations: Type.Integer(),
  coturnVersion: Type.Union([Type.String(), Type.Null()], { description: 'null: coturn does not answer' }),
  coturnGone: Type.Optional(Type.Boolean({ description: 'true: nothing listens on its CLI, so it is gone, not slow' })),
  boot: Type.String(),
  sessions: Type.Integer({ description: 'live allocations, those of probes not counted' }),
  admitting: Type.Optional(Type.Boolean({ description: 'false: coturn refuses new allocations, for the node is draining' })),
  loadBitsPerSecond: Type.Number({ description: 'egress, the sum of the sessions own rates' }),
  unresolved: Type.Array(Type.Integer({ minimum: 0 }), { minItems: STEPS, maxItems: STEPS, description: 'allocations whose rate is not known yet, by the step of their life; see LoadExperience' }),
  experience: LoadExperience,
  interfaceBitsPerSecond: Type.Union([Type.Number(), Type.Null()], { description: 'null: not known yet' }),
  generationsApplied: Type.Array(Type.Integer()),
  outboxPending: Type.Integer(),
  gaps: Type.Integer()
})
export type ObservedNode = Static<typeof ObservedNode>

/** What Redis knows of one registered node; `observed` is null until its agent has spoken. */
export interface NodeFacts {
  id: string
  desired: DesiredNode
  observed: ObservedNode | null
}

/** The URLs of a relay (RFC 7065), best first: udp, then the ways through a firewall. */
export function relayUrls (address: string, port: number, tlsPort: number | undefined): string[] {
  const host = address.includes(':') ? `[${address}]` : address
  return [
    `turn:${host}:${port}?transport=udp`,
    ...tlsPort === undefined ? [] : [`turns:${host}:${tlsPort}?transport=tcp`],
    `turn:${host}:${port}?transport=tcp`
  ]
}

/** One realm a node: coturn's events carry the realm and nothing else that would tell two nodes apart. */
export const realmOf = (nodeId: string, domain: string): string => `${nodeId}.${domain}`
