import { randomBytes } from 'node:crypto'
import type { Static } from 'typebox'
import { addressGroup } from '../domain/client-address.ts'
import { findJoinTokenFlaw, nameNode, parseJoinToken } from '../domain/join-token.ts'
import type { JoinToken } from '../domain/join-token.ts'
import { newDesired, showDesired } from '../domain/node.ts'
import { foreignAddresses } from '../domain/relay-addresses.ts'
import { sha256 } from '../domain/sha256.ts'
import { deriveNodeKey, keyId } from '../domain/turn-credential.ts'
import { inheritKicks } from '../policy/kicks.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { readJoinToken, writeJoinToken } from '../store/join-tokens.ts'
import { makeNodeUser, readNodeUser, redisUserOf, writeNodeUser } from '../store/node-users.ts'
import { readDesired, readNodes, writeNewNode } from '../store/nodes.ts'
import type { Redis } from '../store/connect.ts'
import type { AdminContext } from './admin-context.ts'
import type { JoinReply } from './join-schemas.ts'
import { problems } from './problems.ts'

/** Where nodes on other machines find the central Redis. */
export interface JoinSettings {
  /** without a login; undefined: nobody may join */
  redisUrl: string | undefined
  /** PEM of its private CA */
  redisCa: string | undefined
}

/** Tries a second from one client address: a machine joins once in its life, and each try is a question to Redis. */
const TRIES_A_SECOND = 20
/** Addresses whose tries are counted; of more at a time the oldest are forgotten. */
const MOST_ADDRESSES = 10_000

/** @throws Problem where no node may be called that */
export async function checkFreeName (redis: Redis, node: string): Promise<void> {
  if (await readDesired(redis, node)) throw problems.nodeExists(node)
  const user = await readNodeUser(redis, node)
  // its key derives from its name, so whoever was thrown out would still have the key of the next one
  if (user && 'goneAt' in user && user.revoked) throw problems.nodeRevoked(node)
}

/** Lets a machine into the fleet that has a join token: registers it, and answers what its agent needs. */
export function createJoining ({ redis, change, keyRing, domain, now }: AdminContext, { redisUrl, redisCa }: JoinSettings) {
  const triesOf = new RecentMap<string, { second: number, tries: number }>(MOST_ADDRESSES)

  /** By address, so that nobody keeps others out. */
  function limitTries (address: string): void {
    const second = Math.floor(now() / 1000)
    const counted = triesOf.take(addressGroup(address), () => ({ second, tries: 0 }))
    counted.tries = counted.second === second ? counted.tries + 1 : 1
    counted.second = second
    if (counted.tries > TRIES_A_SECOND) throw problems.tooMany('to join', 1)
  }

  async function checkToken (text: string): Promise<{ id: string, token: JoinToken }> {
    const { id, secret } = parseJoinToken(text) ?? {}
    const token = id === undefined ? null : await readJoinToken(redis, id)
    const flaw = findJoinTokenFlaw(token, secret ?? '', now())
    if (flaw === 'used') throw problems.joinTokenUsed()
    if (flaw === 'expired') throw problems.joinTokenExpired()
    if (flaw !== undefined || id === undefined || !token) throw problems.wrongJoinToken()
    return { id, token }
  }

  return {
    isOpen: redisUrl !== undefined,

    /** @param text what its holder sent. @param address of the client. @param relays where it says its relay will be. @throws Problem */
    async join (text: string, address: string, relays: readonly string[] = []): Promise<Static<typeof JoinReply>> {
      // what is no token costs no question to Redis
      if (!parseJoinToken(text)) throw problems.wrongJoinToken()
      limitTries(address)
      if (redisUrl === undefined) throw problems.joiningOff('SPILLWAY_JOIN_REDIS_URL is not set')
      // before it waits behind changes of others
      const { id, token: { addresses } } = await checkToken(text)
      const foreign = foreignAddresses(relays, addresses)
      if (foreign.length > 0 || (addresses && relays.length === 0)) throw problems.addressNotAllowed(foreign)
      const password = randomBytes(24).toString('hex')
      const passwordSha256 = sha256(password)
      const suffix = randomBytes(3).toString('hex')

      const joined = await change({ name: `join-token ${id}`, role: 'operate' }, async () => {
        const { token } = await checkToken(text)
        const node = token.node ?? nameNode(token.region, suffix)
        await checkFreeName(redis, node)
        const key = deriveNodeKey(keyRing.ring.current.text, node)
        const desired = inheritKicks(newDesired(keyId(key), token.addresses), await readNodes(redis))
        const used: JoinToken = { ...token, usedAt: new Date(now()).toISOString(), usedAs: node }
        return {
          action: 'node.join',
          target: node,
          before: null,
          after: { ...showDesired(desired), joinToken: id, region: token.region },
          writes: [...writeNewNode(node, desired), writeNodeUser(node, { passwordSha256 }), writeJoinToken(id, used)],
          result: { node, region: token.region, key }
        }
      })
      // whoever tends the fleet makes it within a second otherwise
      await makeNodeUser(redis, joined.node, passwordSha256).catch(() => {})
      return { ...joined, domain, redisUrl: withLogin(redisUrl, redisUserOf(joined.node), password), redisCa: redisCa ?? null }
    }
  }
}
export type Joining = ReturnType<typeof createJoining>

function withLogin (redisUrl: string, user: string, password: string): string {
  const url = new URL(redisUrl)
  url.username = user
  url.password = password
  return url.href
}
