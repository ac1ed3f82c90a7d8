import { Compile } from 'typebox/compile'
import { DesiredNode, ObservedNode } from '../domain/node.ts'
import type { NodeFacts } from '../domain/node.ts'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { parseChecked } from './parse-checked.ts'

const desiredCheck = Compile(DesiredNode)
const observedCheck = Compile(ObservedNode)

export const parseDesired = (json: string | null): DesiredNode | null => parseChecked(json, desiredCheck)

export const listNodeIds = async (redis: Redis): Promise<string[]> => (await redis.smembers(centralKeys.nodes)).sort()

/** All registered nodes, sorted by id; a node that writes nonsense harms itself alone, and `onInvalid` hears of it. */
export async function readNodes (redis: Redis, onInvalid: (id: string) => void = () => {}): Promise<NodeFacts[]> {
  const ids = await listNodeIds(redis)
  if (ids.length === 0) return []
  const [desired, observed] = await Promise.all([
    redis.mget(ids.map(centralKeys.desired)),
    redis.mget(ids.map(centralKeys.observed))
  ])
  const { wishOf, factOf } = recall(redis)
  return ids.flatMap((id, index) => {
    const wish = wishOf(id, desired[index])
    const fact = factOf(id, observed[index])
    if (observed[index] && !fact) onInvalid(id)
    return wish ? [{ id, desired: wish, observed: fact }] : []
  })
}

interface Read<T> { json: string, value: T | null }
/** What was read last over a connection, of each node. */
const lastRead = new WeakMap<Redis, { wishes: Map<string, Read<DesiredNode>>, facts: Map<string, Read<ObservedNode>> }>()

/**
 * What has not changed since it was read last is the object it was. Each wish has the addresses of the whole fleet, so what a
 * large fleet is read from grows with the square of it, and changes rarely; and agents speak less often than is read.
 */
function recall (redis: Redis) {
  const before = lastRead.get(redis)
  const now = { wishes: new Map<string, Read<DesiredNode>>(), facts: new Map<string, Read<ObservedNode>>() }
  lastRead.set(redis, now)
  const reader = <T>(last: ReadonlyMap<string, Read<T>> | undefined, next: Map<string, Read<T>>, check: Parameters<typeof parseChecked<T>>[1]) =>
    (id: string, json: string | null | undefined): T | null => {
      if (!json) return null
      const known = last?.get(id)
      const read = known?.json === json ? known : { json, value: parseChecked(json, check) }
      next.set(id, read)
      return read.value
    }
  return { wishOf: reader(before?.wishes, now.wishes, desiredCheck), factOf: reader(before?.facts, now.facts, observedCheck) }
}

/** One node; null where it is not registered. */
export async function readNode (redis: Redis, id: string): Promise<NodeFacts | null> {
  const [desired, observed] = await redis.mget(centralKeys.desired(id), centralKeys.observed(id))
  const wish = parseChecked(desired, desiredCheck)
  return wish && { id, desired: wish, observed: parseChecked(observed, observedCheck) }
}

/** The writes that register a node with this wish. */
export const writeNewNode = (id: string, desired: DesiredNode): Write[] => [
  { set: centralKeys.nodes, member: id, present: true },
  writeDesired(id, null, desired)
]

/**
 * The writes that take a node out of the fleet. What its agent and the probers said of it goes as well, though these are
 * not the control plane's keys: they may be gone, and another node of this name shall not begin with their word.
 */
export const writeNoNode = (id: string, desired: DesiredNode): Write[] => [
  { set: centralKeys.nodes, member: id, present: false },
  { string: centralKeys.desired(id), before: JSON.stringify(desired), after: null },
  ...[centralKeys.observed(id), centralKeys.health(id), centralKeys.probeCredential(id)].map(gone => ({ gone }))
]

export const writeDesired = (id: string, before: DesiredNode | null, after: DesiredNode): Write =>
  ({ string: centralKeys.desired(id), before: before && JSON.stringify(before), after: JSON.stringify(after) })

/** False where another replica has changed the wish since it was read, which then stands. */
export const replaceDesired = async (redis: Redis, id: string, before: DesiredNode, after: DesiredNode): Promise<boolean> =>
  await redis.replaceDesired(centralKeys.desired(id), JSON.stringify(before), JSON.stringify(after)) === 1

/** Null where the node is not registered. */
export async function readDesired (redis: Redis, id: string): Promise<DesiredNode | null> {
  return parseChecked(await redis.get(centralKeys.desired(id)), desiredCheck)
}

export const writeObserved = (redis: Redis, id: string, observed: ObservedNode): Promise<unknown> =>
  redis.set(centralKeys.observed(id), JSON.stringify(observed))
