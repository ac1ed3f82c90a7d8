import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** A credential that its provider can take back. */
export interface Revocable {
  userTag: string
  /** at the provider */
  username: string
  expiresAtMs: number
}

/**
 * The newest of each shard are kept, 4,096 times so many in all: about 50 MB of Redis at the most, and an hour of 50
 * credentials a second. Tags are evenly spread, so a shard is as good as a list of the user's own, and costs no key each.
 */
const SHARD_DIGITS = 3
const KEPT_A_SHARD = 50

const shardOf = (userTag: string): string => centralKeys.revocable(userTag.slice(0, SHARD_DIGITS))
const memberOf = ({ userTag, username }: Pick<Revocable, 'userTag' | 'username'>): string => `${userTag} ${username}`

export async function noteRevocable (redis: Redis, credentials: readonly Revocable[], nowMs: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (const credential of credentials) {
    const shard = shardOf(credential.userTag)
    pipeline.zadd(shard, credential.expiresAtMs, memberOf(credential))
    pipeline.zremrangebyscore(shard, '-inf', nowMs)
    pipeline.zremrangebyrank(shard, 0, -KEPT_A_SHARD - 1)
    // lives as long as the one that lives longest, whichever was noted last
    pipeline.pexpireat(shard, credential.expiresAtMs, 'NX')
    pipeline.pexpireat(shard, credential.expiresAtMs, 'GT')
  }
  await answersOf(pipeline.exec())
}

/** Those of a user that live at a moment; without one, whatever is kept of them. */
export async function findRevocable (redis: Redis, userTag: string, nowMs = 0): Promise<Revocable[]> {
  const found = await redis.zrange(shardOf(userTag), nowMs, '+inf', 'BYSCORE', 'WITHSCORES')
  const credentials = found.flatMap((member, index) => index % 2 === 0 ? [{ member, expiresAtMs: Number(found[index + 1]) }] : [])
  return credentials.filter(({ member }) => member.startsWith(`${userTag} `))
    .map(({ member, expiresAtMs }) => ({ userTag, username: member.slice(userTag.length + 1), expiresAtMs }))
}

/** Nothing of the user is kept here; what still lives can be taken back no more. */
export async function eraseRevocable (redis: Redis, userTag: string): Promise<void> {
  for (const credential of await findRevocable(redis, userTag)) await dropRevocable(redis, credential)
}

export const dropRevocable = async (redis: Redis, credential: Pick<Revocable, 'userTag' | 'username'>): Promise<void> => {
  await redis.zrem(shardOf(credential.userTag), memberOf(credential))
}
