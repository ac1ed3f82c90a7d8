import { LRUCache } from 'lru-cache'
import { mintUserId, userTag } from '../domain/turn-credential.ts'
import type { DerivedKeys } from '../domain/turn-credential.ts'

/** Users whose names are held, about 300 bytes each: who asks once asks again. */
const MAX_NAMES = 50_000

/** What a person is called in everything we keep, and in a TURN username. */
export interface UserName {
  /** a keyed hash of the app's own id of them; random where the app names nobody */
  userTag: string
  /** `<app>.<user tag>.<mac>` */
  userId: string
}
export type NameUser = (app: string, user: string | undefined) => UserName

/** @param random 16 bytes, for a request that names no user */
export function createUserNames (keys: DerivedKeys, random: () => Buffer): NameUser {
  const names = new LRUCache<string, UserName>({ max: MAX_NAMES })
  const make = (app: string, user: string | undefined): UserName => {
    const tag = userTag(keys, app, user, random)
    return { userTag: tag, userId: mintUserId(keys, app, tag) }
  }
  return (app, user) => {
    if (user === undefined) return make(app, undefined)
    // an app id holds no slash, so no two of these are the same
    const key = `${app}/${user}`
    const held = names.get(key)
    if (held) return held
    const name = make(app, user)
    names.set(key, name)
    return name
  }
}
