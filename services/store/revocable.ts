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

/** So many calls no one person has at a time; what one asks for beyond pushes out the user's own, and nobody else's. */
const KEPT_A_USER = 20
/**
 * 4,096 shards so long: about 100 MB of Redis at the most. Tags are evenly spread, so none is full before 200,000 credentials
 * live, which is an hour of 50 a second; and a list of each user's own would cost a key each.
 */
const KEPT_A_SHARD = 100
const SHARD_DIGITS = 3

const shardOf = (userTag: string): string => centralKeys.revocable(userTag.slice(0, SHARD_DIGITS))
const memberOf = ({ userTag, username }: Pick<Revocable, 'userTag' | 'username'>): string => `${userTag} ${username}`

/** Each shard at once and atomically: what is in it, its bounds and its end. */
export async function noteRevocable (redis: Redis, credentials: readonly Revocable[], nowMs: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (const [shard, own] of Map.groupBy(credentials, ({ userTag }) => shardOf(userTag))) {
    pipeline.noteRevocable(shard, nowMs, KEPT_A_USER, KEPT_A_SHARD, ...own.flatMap(({ userTag, username, expiresAtMs }) => [userTag, username, expiresAtMs]))
  }
  await answersOf(pipeline.exec())
}

/** Those of some users that live at a moment; without one, whatever is kept of them. */
export async function findRevocable (redis: Redis, userTags: readonly string[], nowMs = 0): Promise<Revocable[]> {
  if (userTags.length === 0) return []
  const pipeline = redis.pipeline()
  for (const userTag of userTags) pipeline.zrange(shardOf(userTag), nowMs, '+inf', 'BYSCORE', 'WITHSCORES')
  const shards = await answersOf(pipeline.exec()) as string[][]
  return userTags.flatMap((userTag, at) => ownOf(userTag, shards[at] ?? []))
}

/** @param shard its members, each before its score */
function ownOf (userTag: string, shard: readonly string[]): Revocable[] {
  const all = shard.flatMap((member, index) => index % 2 === 0 ? [{ member, expiresAtMs: Number(shard[index + 1]) }] : [])
  return all.filter(({ member }) => member.startsWith(`${userTag} `))
    .map(({ member, expiresAtMs }) => ({ userTag, username: member.slice(userTag.length + 1), expiresAtMs }))
}

/** Nothing of the user is kept here; what still lives can be taken back no more. */
export async function eraseRevocable (redis: Redis, userTag: string): Promise<void> {
  for (const credential of await findRevocable(redis, [userTag])) await dropRevocable(redis, credential)
}

export const dropRevocable = async (redis: Redis, credential: Pick<Revocable, 'userTag' | 'username'>): Promise<void> => {
  await redis.zrem(shardOf(credential.userTag), memberOf(credential))
}
