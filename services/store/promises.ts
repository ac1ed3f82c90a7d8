import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Nobody has promised anything for so long: whatever stands there is of replicas that are gone. */
const FORGOTTEN_SECONDS = 120

/** Adds what one replica has promised, and takes out what it no longer needs to say. @param old of [node, second] told before */
export async function writePromises (redis: Redis, replica: string, promises: ReadonlyArray<readonly [node: string, second: number, count: number]>, old: ReadonlyArray<readonly [node: string, second: number]>): Promise<void> {
  if (promises.length + old.length === 0) return
  const pipeline = redis.pipeline()
  for (const [node, second, count] of promises) pipeline.hincrby(centralKeys.promises, fieldOf(replica, node, second), count)
  if (old.length > 0) pipeline.hdel(centralKeys.promises, ...old.map(([node, second]) => fieldOf(replica, node, second)))
  pipeline.expire(centralKeys.promises, FORGOTTEN_SECONDS)
  await answersOf(pipeline.exec())
}

/** What all other replicas have promised, by node. */
export async function readPromises (redis: Redis, replica: string): Promise<Map<string, Array<[second: number, count: number]>>> {
  const promises = new Map<string, Array<[number, number]>>()
  for (const [field, count] of Object.entries(await redis.hgetall(centralKeys.promises))) {
    const [own = '', node = '', second = ''] = field.split(':')
    if (own === replica) continue
    const seconds = promises.get(node) ?? []
    seconds.push([Number(second), Number(count)])
    promises.set(node, seconds)
  }
  return promises
}

const fieldOf = (replica: string, node: string, second: number): string => `${replica}:${node}:${second}`
