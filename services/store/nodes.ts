import type { DesiredNode, NodeFacts, ObservedNode } from '../domain/node.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

export const listNodeIds = async (redis: Redis): Promise<string[]> => (await redis.smembers(centralKeys.nodes)).sort()

/** All registered nodes, sorted by id. */
export async function readNodes (redis: Redis): Promise<NodeFacts[]> {
  const ids = await listNodeIds(redis)
  if (ids.length === 0) return []
  const [desired, observed] = await Promise.all([
    redis.mget(ids.map(centralKeys.desired)),
    redis.mget(ids.map(centralKeys.observed))
  ])
  return ids.flatMap((id, index) => {
    const wish = desired[index]
    const fact = observed[index]
    return wish ? [{ id, desired: JSON.parse(wish), observed: fact ? JSON.parse(fact) : null }] : []
  })
}

/** Registers a node; false where it is registered already, which changes nothing. */
export async function registerNode (redis: Redis, id: string, desired: DesiredNode): Promise<boolean> {
  const answers = await redis.multi()
    .set(centralKeys.desired(id), JSON.stringify(desired), 'NX')
    .sadd(centralKeys.nodes, id)
    .exec()
  return answers?.[1]?.[1] === 1
}

export const writeDesired = (redis: Redis, id: string, desired: DesiredNode): Promise<unknown> =>
  redis.set(centralKeys.desired(id), JSON.stringify(desired), 'XX')

/** Null where the node is not registered. */
export async function readDesired (redis: Redis, id: string): Promise<DesiredNode | null> {
  const json = await redis.get(centralKeys.desired(id))
  return json ? JSON.parse(json) : null
}

export const writeObserved = (redis: Redis, id: string, observed: ObservedNode): Promise<unknown> =>
  redis.set(centralKeys.observed(id), JSON.stringify(observed))
