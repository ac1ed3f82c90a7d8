import { addressTag } from '../domain/client-address.ts'
import { mintUserId, userTag } from '../domain/turn-credential.ts'
import type { DerivedKeys } from '../domain/turn-credential.ts'
import { holdLimit } from '../policy/spend-tokens.ts'
import type { HeldLimit } from '../policy/spend-tokens.ts'
import { RecentMap } from '../runtime/recent-map.ts'

/** Users whose names are held, with their leases less than a kilobyte each: who asks once asks again. */
const MAX_USERS = 50_000
/** A longer id is worked out each time: a stranger must not fill our memory with what he calls himself. */
const MAX_HELD_LENGTH = 128
const MAX_ADDRESSES = 20_000

/** What a person is called in everything we keep, and in a TURN username. */
export interface UserName {
  /** a keyed hash of the app's own id of them; random where the app names nobody */
  userTag: string
  /** `<app>.<user tag>.<mac>` */
  userId: string
  /** on its requests */
  limit: HeldLimit
}

export interface KeyedNames {
  ofUser: (app: string, user: string | undefined) => UserName
  /** of a client's address, so that no address leaves this process */
  ofAddress: (address: string) => string
}

/**
 * What users and addresses are called under the keys of now; each is worked out once.
 * @param keys others, once the master key was rotated
 * @param random 16 bytes, for a request that names no user
 */
export function createKeyedNames (keys: () => DerivedKeys, random: () => Buffer): KeyedNames {
  const users = new RecentMap<string, UserName>(MAX_USERS)
  const addresses = new RecentMap<string, string>(MAX_ADDRESSES)
  let madeWith = keys()

  function keysOfNow (): DerivedKeys {
    const now = keys()
    if (now !== madeWith) {
      users.clear()
      addresses.clear()
      madeWith = now
    }
    return now
  }
  const nameUser = (keys: DerivedKeys, app: string, user: string | undefined): UserName => {
    const tag = userTag(keys, app, user, random)
    return { userTag: tag, userId: mintUserId(keys, app, tag), limit: holdLimit(`user:${app}:${tag}`) }
  }

  return {
    ofUser (app, user) {
      const keys = keysOfNow()
      // an app id holds no slash, so no two of these are the same
      return user === undefined || user.length > MAX_HELD_LENGTH ? nameUser(keys, app, user) : users.take(`${app}/${user}`, () => nameUser(keys, app, user))
    },

    ofAddress (address) {
      const keys = keysOfNow()
      return addresses.take(address, () => addressTag(keys.address, address))
    }
  }
}
