import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { parseChecked } from './parse-checked.ts'

/** `user relay-@NODE@ on #@PASSWORD_SHA256@ <rules>`, the same as of nodes that `./scripts/up` makes. */
const TEMPLATE = readFileSync(new URL('../../infra/redis/central-node.acl.template', import.meta.url), 'utf8').trim()

/**
 * The login of a node that has joined, or that it had one. Redis keeps its users beside its data: they do not reach
 * replicas, and a restart takes them from a file that nobody here writes. So this is what is true, and users follow it.
 */
export const NodeUser = Type.Union([
  Type.Object({ passwordSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
  Type.Object({ goneAt: Type.String(), revoked: Type.Boolean({ description: 'it was taken out by force: whoever has its key may still be there' }) })
])
export type NodeUser = Static<typeof NodeUser>

const userCheck = Compile(NodeUser)

export const redisUserOf = (node: string): string => `relay-${node}`

/** Null where no node of this name ever joined. */
export const readNodeUser = async (redis: Redis, node: string): Promise<NodeUser | null> =>
  parseChecked(await redis.hget(centralKeys.nodeUsers, node), userCheck)

export async function readNodeUsers (redis: Redis): Promise<Map<string, NodeUser>> {
  return new Map(Object.entries(await redis.hgetall(centralKeys.nodeUsers)).flatMap(([node, json]) => {
    const user = parseChecked(json, userCheck)
    return user ? [[node, user]] : []
  }))
}

export const writeNodeUser = (node: string, user: NodeUser | null): Write =>
  ({ hash: centralKeys.nodeUsers, field: node, after: user && JSON.stringify(user) })

/** The names of all users of this Redis. */
export const listRedisUsers = async (redis: Redis): Promise<Set<string>> => new Set(await redis.acl('USERS'))

/** Makes the login of a node, or makes it what it shall be: whole and at once (ACL SETUSER applies all of its rules or none). */
export async function makeNodeUser (redis: Redis, node: string, passwordSha256: string): Promise<void> {
  // a selector, (…), is one rule
  const [, user = '', ...rules] = TEMPLATE.replaceAll('@NODE@', node).replaceAll('@PASSWORD_SHA256@', passwordSha256).match(/\([^)]*\)|\S+/g) ?? []
  await redis.acl('SETUSER', user, 'reset', ...rules)
}

/** Takes a login away; Redis closes the connections made with it. */
export const dropNodeUser = async (redis: Redis, node: string): Promise<void> => { await redis.acl('DELUSER', redisUserOf(node)) }

/** Whether this process may make and drop users: taking away one that cannot be there changes nothing. */
export async function mayMakeUsers (redis: Redis): Promise<boolean> {
  try {
    await redis.acl('DELUSER', redisUserOf('.none'))
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

/** The user of this process may not do it, or the Redis of a provider has no such command. */
export const isRefusal = (error: unknown): boolean => /^NOPERM|unknown (sub)?command/i.test((error as Error).message)
