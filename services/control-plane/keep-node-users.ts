import { dropNodeUser, isRefusal, listRedisUsers, makeNodeUser, readNodeUsers, redisUserOf } from '../store/node-users.ts'
import type { Redis } from '../store/connect.ts'

/**
 * Sees to it that the Redis has the logins of the nodes that joined, and none of those that are gone: after a restart of
 * Redis, or when it took its users from a file anew, or when another server took its place. All of them are made once at
 * the start, for the rules of an older version may have been others.
 */
export function createUserKeeper (redis: Redis) {
  const made = new Map<string, string>()
  let told = false

  async function keep (): Promise<void> {
    const users = await readNodeUsers(redis)
    if (users.size === 0) return
    const there = await listRedisUsers(redis)
    for (const [node, user] of users) {
      const isThere = there.has(redisUserOf(node))
      if ('goneAt' in user) {
        made.delete(node)
        if (isThere) await dropNodeUser(redis, node)
      } else if (!isThere || made.get(node) !== user.passwordSha256) {
        await makeNodeUser(redis, node, user.passwordSha256)
        made.set(node, user.passwordSha256)
      }
    }
  }

  return async (): Promise<void> => {
    await keep().catch((error: unknown) => {
      // nothing but another configuration of Redis helps: once is enough
      if (isRefusal(error) && told) return
      told = isRefusal(error)
      throw error
    })
  }
}
