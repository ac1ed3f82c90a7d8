import { Type } from 'typebox'
import { DesiredNode, ObservedNode, ShownDesired } from '../domain/node.ts'
import { RelayAddresses } from '../domain/relay-addresses.ts'
import { Timestamp } from './admin-schemas.ts'
import { ShownNode } from './show-fleet.ts'

const closed = { additionalProperties: false }

export const RegisteredNode = Type.Object({
  id: Type.String(),
  realm: Type.String(),
  key: Type.String({ description: 'SPILLWAY_NODE_KEY of its agent; derived from the current master key, so it is the same until that is rotated' })
})

/** A terabit: beyond any machine, and a number typed in bits by mistake is caught. */
const MAX_CAPACITY_MBPS = 1_000_000

export const ChangeNode = Type.Object({
  draining: Type.Optional(Type.Boolean({ description: 'true: no new sessions, those that run go on; false: it serves again' })),
  weight: Type.Optional(DesiredNode.properties.weight),
  addresses: Type.Optional(Type.Union([RelayAddresses, Type.Null()], { description: 'the only addresses at which other relays let their clients through to it; null: any that a relay can have' })),
  capacityMbps: Type.Optional(Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: MAX_CAPACITY_MBPS }), Type.Null()], { description: 'egress the node may carry, in 10^6 bits a second; null: what its agent is configured with' }))
}, { ...closed, minProperties: 1 })

export const RemoveNodeQuery = Type.Object({
  force: Type.Optional(Type.Enum(['true', 'false'], { description: 'true: takes it out whatever speaks against it, which is written in the audit; what it relayed and is not booked is lost, and no join token gives the name of a node that had joined to another machine' }))
}, closed)

const Drain = Type.Object({
  since: Timestamp('when it was asked for'),
  applied: Type.Boolean({ description: 'coturn is known to refuse new allocations' }),
  sessionsLeft: Type.Union([Type.Integer(), Type.Null()], { description: 'null: its agent is silent, so nobody knows' }),
  emptyInSeconds: Type.Union([Type.Integer(), Type.Null()], { description: 'if sessions go on ending as they have since; null: too few have ended to tell' })
}, closed)

export const NodeReply = Type.Object({
  id: Type.String(),
  realm: Type.String(),
  ...ShownNode.properties,
  drain: Type.Union([Drain, Type.Null()], { description: 'null: it serves' }),
  desired: ShownDesired,
  observed: Type.Union([ObservedNode, Type.Null()])
})

export const NodesReply = Type.Object({ nodes: Type.Array(NodeReply) })
