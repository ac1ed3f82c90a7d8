import { createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { OperatorMistake } from './operator-mistake.ts'
import { seal, unseal } from './seal.ts'
import { deriveKeys, deriveNodeKey, KEY_ID_PATTERN, keyId } from './turn-credential.ts'
import type { DerivedKeys } from './turn-credential.ts'

const Id = Type.String({ pattern: KEY_ID_PATTERN })
const SealedUnder = Type.Record(Id, Type.String())

/**
 * The master keys of the fleet as they lie in Redis, the current one last. Each is sealed under the others, so a
 * process that holds any one of them holds all. Of a retired one the name key alone is left.
 */
export const MasterKeys = Type.Object({
  keys: Type.Array(Type.Object({
    id: Id,
    createdAt: Type.Union([Type.String(), Type.Null()], { description: 'null: the first, made before there was a ring' }),
    sealed: SealedUnder
  }), { minItems: 1 }),
  retired: Type.Array(Type.Object({ id: Id, retiredAt: Type.String(), sealedNameKey: SealedUnder }))
})
export type MasterKeys = Static<typeof MasterKeys>

/** One master key, opened. */
export interface MasterKey {
  id: string
  createdAt: string | null
  /** what SPILLWAY_MASTER_KEY says */
  text: string
  derived: DerivedKeys
}

/** What is left of a retired master key, opened. */
export interface RetiredKey {
  id: string
  retiredAt: string
  nameKey: KeyObject
}

/** All keys of the fleet, opened. */
export interface KeyRing {
  stored: MasterKeys
  /** the current one last */
  keys: readonly MasterKey[]
  current: MasterKey
  /** those retired lately */
  retired: readonly RetiredKey[]
  /** prove user names: of all keys, and of those retired lately */
  nameKeys: readonly KeyObject[]
}

/** A call that outlives a rotation is still booked for this long; hardly any lasts a month. */
export const KEEP_NAME_KEY_MS = 30 * 86_400_000

export const openMasterKey = (text: string, createdAt: string | null): MasterKey => ({ id: keyId(text), createdAt, text, derived: deriveKeys(text) })

/**
 * Opens what lies in Redis, null where nothing does yet, with the keys this process knows; the one it was configured
 * with comes first.
 * @throws OperatorMistake where none of them belongs to the fleet (any more); Error where the ring is damaged
 */
export function openKeyRing (stored: MasterKeys | null, known: readonly [string, ...string[]], nowMs: number): KeyRing {
  const ring = stored ?? { keys: [{ id: keyId(known[0]), createdAt: null, sealed: {} }], retired: [] }
  const knownById = new Map(known.map(text => [keyId(text), text]))
  const own = ring.keys.find(({ id }) => knownById.has(id))
  if (!own) throw foreignKey(ring, keyId(known[0]))
  const { derived } = openMasterKey(knownById.get(own.id) ?? '', null)
  const keys = ring.keys.map(({ id, createdAt, sealed }) => {
    const text = knownById.get(id) ?? unseal(derived.ring, sealed[own.id] ?? '')
    if (text === undefined || keyId(text) !== id) throw new Error(`master key ${id} in Redis cannot be opened: it was changed by hand, or written by another version`)
    return openMasterKey(text, createdAt)
  })
  const lately = ring.retired.filter(({ retiredAt }) => Date.parse(retiredAt) + KEEP_NAME_KEY_MS > nowMs)
  const retired = lately.map(({ id, retiredAt, sealedNameKey }) => ({ id, retiredAt, nameKey: openNameKey(derived, id, sealedNameKey[own.id] ?? '') }))
  const nameKeys = [...keys.map(({ derived }) => derived.name).reverse(), ...retired.map(({ nameKey }) => nameKey)]
  return { stored: { keys: ring.keys, retired: lately }, keys, current: keys.at(-1) as MasterKey, retired, nameKeys }
}

function foreignKey ({ retired }: MasterKeys, id: string): OperatorMistake {
  const why = retired.some(key => key.id === id) ? `is the retired master key ${id}` : `is ${id}, which is no master key of this fleet`
  return new OperatorMistake(`SPILLWAY_MASTER_KEY ${why}: set it to the current one, which the rotation answered, and start again`)
}

/** The node key of this id, which a wish names; undefined where it comes from no master key of the ring. */
export const findNodeKey = ({ keys }: KeyRing, node: string, id: string): string | undefined =>
  keys.map(({ text }) => deriveNodeKey(text, node)).find(key => keyId(key) === id)

/** The id beside the key, so that none can be put in the place of another. */
const nameKeyText = (id: string, nameKey: KeyObject): string => `${id}.${nameKey.export().toString('base64url')}`

function openNameKey (derived: DerivedKeys, id: string, sealed: string): KeyObject {
  const [owner, key] = unseal(derived.ring, sealed)?.split('.') ?? []
  if (owner !== id || key === undefined) throw new Error(`the name key of master key ${id} in Redis cannot be opened: it was changed by hand, or written by another version`)
  return createSecretKey(Buffer.from(key, 'base64url'))
}

const sealNameKey = (id: string, nameKey: KeyObject, under: readonly MasterKey[], nonce: () => Buffer): Record<string, string> =>
  Object.fromEntries(under.map(key => [key.id, seal(key.derived.ring, nameKeyText(id, nameKey), nonce())]))

/**
 * The ring with one more key, which is then the current one.
 * @param nonce random, another one each time
 */
export function addMasterKey ({ stored, keys, retired }: KeyRing, added: MasterKey, nonce: () => Buffer): MasterKeys {
  return {
    keys: [
      ...keys.map(({ id, createdAt, text }, index) => ({ id, createdAt, sealed: { ...stored.keys[index]?.sealed, [added.id]: seal(added.derived.ring, text, nonce()) } })),
      { id: added.id, createdAt: added.createdAt, sealed: Object.fromEntries(keys.map(({ id, derived }) => [id, seal(derived.ring, added.text, nonce())])) }
    ],
    retired: retired.map(({ id, retiredAt, nameKey }) => ({ id, retiredAt, sealedNameKey: sealNameKey(id, nameKey, [...keys, added], nonce) }))
  }
}

/** The ring without a key that is not the current one: nothing in it can be opened with that any more. Its name key stays for a while. */
export function retireMasterKey ({ stored, keys }: KeyRing, retiring: MasterKey, retiredAt: string, nonce: () => Buffer): MasterKeys {
  const without = (sealed: Record<string, string>) => Object.fromEntries(Object.entries(sealed).filter(([id]) => id !== retiring.id))
  const left = keys.filter(({ id }) => id !== retiring.id)
  return {
    keys: stored.keys.filter(({ id }) => id !== retiring.id).map(key => ({ ...key, sealed: without(key.sealed) })),
    retired: [
      ...stored.retired.map(key => ({ ...key, sealedNameKey: without(key.sealedNameKey) })),
      { id: retiring.id, retiredAt, sealedNameKey: sealNameKey(retiring.id, retiring.derived.name, left, nonce) }
    ]
  }
}

/** A secret of an app as it lies in Redis: it says which master key opens it. */
export const sealSecret = ({ id, derived }: MasterKey, text: string, nonce: Buffer): string => `${id}.${seal(derived.seal, text, nonce)}`

export const sealedUnder = (sealed: string): string => sealed.slice(0, sealed.indexOf('.'))

/** Undefined where no key of the ring opens it. */
export function unsealSecret ({ keys }: KeyRing, sealed: string): string | undefined {
  const key = keys.find(({ id }) => id === sealedUnder(sealed))
  return key && unseal(key.derived.seal, sealed.slice(key.id.length + 1))
}
