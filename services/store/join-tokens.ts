import { Compile } from 'typebox/compile'
import { isForgettable, JoinToken } from '../domain/join-token.ts'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { parseChecked } from './parse-checked.ts'

const tokenCheck = Compile(JoinToken)

/** Null where there is none of this id. */
export const readJoinToken = async (redis: Redis, id: string): Promise<JoinToken | null> =>
  parseChecked(await redis.hget(centralKeys.joinTokens, id), tokenCheck)

/** All of them by their ids, the newest first. */
export async function readJoinTokens (redis: Redis): Promise<Array<[id: string, token: JoinToken]>> {
  const tokens = Object.entries(await redis.hgetall(centralKeys.joinTokens)).flatMap(([id, json]): Array<[string, JoinToken]> => {
    const token = parseChecked(json, tokenCheck)
    return token ? [[id, token]] : []
  })
  return tokens.sort(([, a], [, b]) => a.createdAt < b.createdAt ? 1 : -1)
}

export const writeJoinToken = (id: string, token: JoinToken | null): Write =>
  ({ hash: centralKeys.joinTokens, field: id, after: token && JSON.stringify(token) })

/** Drops those that are over for long. That they were made and used stands in the audit. */
export async function forgetJoinTokens (redis: Redis, nowMs: number): Promise<void> {
  const over = (await readJoinTokens(redis)).filter(([, token]) => isForgettable(token, nowMs)).map(([id]) => id)
  if (over.length > 0) await redis.hdel(centralKeys.joinTokens, ...over)
}
