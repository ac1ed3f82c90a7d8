import { Compile } from 'typebox/compile'
import { NodeHealth } from '../domain/health.ts'
import type { FleetHealth } from '../domain/health.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { parseChecked } from './parse-checked.ts'

const healthCheck = Compile(NodeHealth)

/**
 * What all probers say of these nodes, in one round trip. What one of them wrote that cannot be read counts as not said,
 * so it harms nobody's word but its own; `onInvalid` hears of it.
 */
export async function readHealth (redis: Redis, nodes: readonly string[], onInvalid: (prober: string) => void = () => {}): Promise<FleetHealth> {
  if (nodes.length === 0) return new Map()
  const pipeline = redis.pipeline()
  for (const node of nodes) pipeline.hgetall(centralKeys.health(node))
  const hashes = await answersOf(pipeline.exec()) as Array<Record<string, string>>
  return new Map(nodes.map((node, index) => [node, new Map(Object.entries(hashes[index] ?? {}).flatMap(([prober, json]) => {
    const health = parseChecked(json, healthCheck)
    if (!health) onInvalid(prober)
    return health ? [[prober, health]] : []
  }))]))
}

/** What one prober says of a node; undefined where it has said nothing, or nothing that can be read. */
export async function readOwnHealth (redis: Redis, node: string, prober: string): Promise<NodeHealth | undefined> {
  return parseChecked(await redis.hget(centralKeys.health(node), prober), healthCheck) ?? undefined
}

/** Says what one prober found of a node, in place of what it said before. */
export const writeHealth = (redis: Redis, node: string, prober: string, health: NodeHealth): Promise<unknown> =>
  redis.hset(centralKeys.health(node), prober, JSON.stringify(health))

/** Takes back what a prober said of a node that it probes no more, because that has left the fleet. */
export const removeHealth = (redis: Redis, node: string, prober: string): Promise<unknown> => redis.hdel(centralKeys.health(node), prober)
