import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { Region } from '../../services/domain/node.ts'
import { OperatorError } from '../native/operator-error.ts'
import type { NodePlan } from './world.ts'

const Share = Type.Number({ exclusiveMinimum: 0, maximum: 1 })
const Seconds = Type.Number({ minimum: 0 })

const FleetFile = Type.Object({
  nodes: Type.Array(Type.Object({
    id: Type.String({ minLength: 1 }),
    region: Region,
    capacityMbps: Type.Number({ exclusiveMinimum: 0 }),
    maxAllocations: Type.Integer({ minimum: 1 })
  }, { additionalProperties: false }), { minItems: 1, maxItems: 1000 }),
  neighbours: Type.Optional(Type.Record(Type.String(), Type.Array(Region))),
  policy: Type.Optional(Type.Object({
    enter: Type.Optional(Share),
    leave: Type.Optional(Share),
    dwellSeconds: Type.Optional(Seconds),
    rampSeconds: Type.Optional(Seconds)
  }, { additionalProperties: false }))
}, { additionalProperties: false })
const check = Compile(FleetFile)

export interface Fleet {
  nodes: NodePlan[]
  neighbours: ReadonlyMap<string, readonly string[]>
  policy: { enter?: number, leave?: number, dwellSeconds?: number, rampSeconds?: number }
}

/** @throws OperatorError that says what is wrong with it, and where */
export function parseFleet (json: string, name: string): Fleet {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new OperatorError(`${name}: ${(error as Error).message}`, 2)
  }
  if (!check.Check(value)) {
    const [first] = check.Errors(value)
    throw new OperatorError(`${name}: ${first?.instancePath || 'the file'} ${first?.message ?? 'is not a fleet'}`, 2)
  }
  const ids = new Set(value.nodes.map(({ id }) => id))
  if (ids.size < value.nodes.length) throw new OperatorError(`${name}: two nodes have the same id`, 2)
  return {
    nodes: value.nodes.map(({ id, region, capacityMbps, maxAllocations }) => ({ id, region, capacityMegabits: capacityMbps, maxAllocations })),
    neighbours: new Map(Object.entries(value.neighbours ?? {})),
    policy: value.policy ?? {}
  }
}
