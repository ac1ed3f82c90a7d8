import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PasswordOf } from './turn-password.ts'

/**
 * The keys the control plane derives from a master key, each under a label of its own so that knowing one tells
 * nothing of another. An agent gets its node key only; none of the others ever leaves the centre. They are key
 * objects because Node makes one of a Buffer for every HMAC, which takes five times as long as the HMAC itself.
 */
export interface DerivedKeys {
  /** turns an app's user id into the user tag */
  tag: KeyObject
  /** proves that a username was minted here */
  name: KeyObject
  /** seals what must be readable again */
  seal: KeyObject
  /** turns a client's address into the name of its limit, so that no address leaves the process */
  address: KeyObject
  /** seals another master key, during a rotation */
  ring: KeyObject
}

/** 96 bits as hex: no collision among 10^12 users, and hex can never spell the words coturn refuses in usernames. */
const TAG_HEX_LENGTH = 24
export const USER_TAG_PATTERN = '^[0-9a-f]{24}$'
/** 64 bits: a fleet has a handful of keys. */
const KEY_ID_HEX_LENGTH = 16
export const KEY_ID_PATTERN = '^[0-9a-f]{16}$'
/** The app that probes of the relays run as. No app can be made of that id: an app id holds no underscore. */
export const PROBE_APP = '_probe'
const USERNAME = /^\d{1,15}:(_probe|[a-z0-9-]{3,32})\.([0-9a-f]{24})\.([0-9a-f]{24})$/
const USER_OF_PROBES = /^\d{1,15}:_probe\./

const hmac = (key: string | KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const shortHex = (digest: Buffer): string => digest.toString('hex').slice(0, TAG_HEX_LENGTH)

export const deriveKeys = (masterKey: string): DerivedKeys => ({
  tag: createSecretKey(hmac(masterKey, 'spillway user tag')),
  name: createSecretKey(hmac(masterKey, 'spillway user name')),
  seal: createSecretKey(hmac(masterKey, 'spillway seal')),
  address: createSecretKey(hmac(masterKey, 'spillway client address')),
  ring: createSecretKey(hmac(masterKey, 'spillway key ring'))
})

/** The key one node's secrets derive from: all that node ever learns of the master key. */
export const deriveNodeKey = (masterKey: string, nodeId: string): string =>
  hmac(masterKey, `spillway node ${nodeId}`).toString('base64url')

/** How keys are told apart where they must not stand; nothing can be learned from it of a random key. */
export const keyId = (key: string): string => hmac(key, 'spillway key id').toString('hex').slice(0, KEY_ID_HEX_LENGTH)

/** The shared secret coturn holds for one generation of a node. */
export const deriveNodeSecret = (nodeKey: string, generation: number): string =>
  hmac(nodeKey, `spillway generation ${generation}`).toString('base64url')

/**
 * A user id of any length and content becomes a tag of fixed length; without one the tag is random, never shared. JSON
 * keeps ids apart that UTF-8 would make one: lone surrogates, which a JSON request may carry.
 */
export const userTag = (keys: DerivedKeys, app: string, user: string | undefined, random: () => Buffer): string =>
  shortHex(user === undefined
    ? createHash('sha256').update(random()).digest()
    : hmac(keys.tag, JSON.stringify([app, user])))

/**
 * `<app>.<userTag>.<mac>`, the part of the username that is the same for every credential of a user: coturn's
 * user-quota counts by it, so nothing that changes per credential may stand in it.
 */
export function mintUserId (keys: DerivedKeys, app: string, tag: string): string {
  return `${app}.${tag}.${shortHex(hmac(keys.name, `${app}.${tag}`))}`
}

export interface TurnIdentity {
  app: string
  userTag: string
}

/** Reads back what mintUserId and mintCredential made; undefined for a name that was minted with none of these name keys. */
export function parseUsername (nameKeys: readonly KeyObject[], username: string): TurnIdentity | undefined {
  const match = USERNAME.exec(username)
  if (!match) return undefined
  const [, app = '', tag = '', mac = ''] = match
  const proves = (nameKey: KeyObject) => timingSafeEqual(Buffer.from(mac), Buffer.from(shortHex(hmac(nameKey, `${app}.${tag}`))))
  return nameKeys.some(proves) ? { app, userTag: tag } : undefined
}

/**
 * The user tag a username names, without the proof: good where its password was checked, which only its issuer could have
 * made; undefined for a name of another form.
 */
export const userTagOf = (username: string): string | undefined => USERNAME.exec(username)?.[2]

/** Whether a username, as coturn knows it, is that of a probe. It proves nothing: what counts bytes reads the name itself. */
export const isProbe = (username: string): boolean => USER_OF_PROBES.test(username)

/**
 * Time-limited credential as coturn checks it (draft-uberti-behave-turn-rest-00, section 2.2): the username is
 * `<expiry in unix seconds>:<user id>`, and its password that of the node's secret.
 */
export function mintCredential (passwordOf: PasswordOf, userId: string, expiresAtSeconds: number): { username: string, credential: string } {
  const username = `${expiresAtSeconds}:${userId}`
  return { username, credential: passwordOf(username) }
}
