import fc from 'fast-check'
import t from 'tap'
import { addMasterKey, KEEP_NAME_KEY_MS, openKeyRing, openMasterKey, retireMasterKey, sealedUnder, sealSecret, unsealSecret } from '../../../services/domain/key-ring.ts'
import type { MasterKeys } from '../../../services/domain/key-ring.ts'
import { OperatorMistake } from '../../../services/domain/operator-mistake.ts'
import { keyId, mintUserId, parseUsername } from '../../../services/domain/turn-credential.ts'
import { newNonce } from '../../../services/runtime/new-nonce.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const TAG = '0123456789abcdef01234567'
const key = (number: number): string => `master key number ${number} of this fleet `.padEnd(48, '.')
/** What a process that holds this key makes of the ring, and does to it. */
const open = (stored: MasterKeys | null, held: string, nowMs = NOW_MS) => openKeyRing(stored, [held], nowMs)
const add = (stored: MasterKeys | null, held: string, added: string): MasterKeys =>
  addMasterKey(open(stored, held), openMasterKey(added, new Date(NOW_MS).toISOString()), newNonce)
function retire (stored: MasterKeys, held: string, retiring: string): MasterKeys {
  const ring = open(stored, held)
  const found = ring.keys.find(({ text }) => text === retiring)
  if (!found) throw new Error('not in the ring')
  return retireMasterKey(ring, found, new Date(NOW_MS).toISOString(), newNonce)
}
const nameOf = (master: string): string => `1795350000:${mintUserId(openMasterKey(master, null).derived, 'shop', TAG)}`

t.test('without a ring the key of the configuration is the only one', async t => {
  const { keys, current, nameKeys } = open(null, key(1))
  t.equal(current.text, key(1))
  t.equal(keys.length, 1)
  t.same(nameKeys, [current.derived.name])
})

t.test('during a rotation either key opens both, and the newer one is the current', async t => {
  const stored = add(null, key(1), key(2))
  for (const held of [key(1), key(2)]) {
    const { keys, current } = open(stored, held)
    t.same(keys.map(({ text }) => text), [key(1), key(2)])
    t.equal(current.text, key(2))
  }
})

t.test('a ring tells none of its keys', async t => {
  const stored = JSON.stringify(retire(add(add(null, key(1), key(2)), key(1), key(3)), key(3), key(1)))
  for (const number of [1, 2, 3]) {
    t.notOk(stored.includes(key(number)))
    for (const secret of Object.values(openMasterKey(key(number), null).derived)) t.notOk(stored.includes(secret.toString('base64url')) || stored.includes(secret.toString('hex')))
  }
})

t.test('who holds no key of the ring is told what to do, and not the key', async t => {
  const stored = retire(add(null, key(1), key(2)), key(2), key(1))
  for (const [held, why] of [[key(1), /is the retired master key [0-9a-f]{16}: set it to the current one/], [key(9), /is no master key of this fleet/]] as const) {
    t.throws(() => open(stored, held), why)
    t.throws(() => open(stored, held), OperatorMistake)
    try { open(stored, held) } catch (error) { t.notOk((error as Error).message.includes(held)) }
  }
})

t.test('a process goes on with the keys it knows, though the one of its configuration is retired', async t => {
  const both = add(null, key(1), key(2))
  const known = open(both, key(1)).keys.map(({ text }) => text)
  const alone = retire(both, key(1), key(1))
  const third = add(alone, key(2), key(3))
  for (const stored of [alone, third]) t.equal(openKeyRing(stored, [key(1), ...known], NOW_MS).keys[0]?.text, key(2))
})

t.test('a ring that was changed by hand is refused, not half opened', async t => {
  const stored = add(null, key(1), key(2))
  const [first, second] = stored.keys
  if (!first || !second) throw new Error('two keys')
  const swapped = { ...stored, keys: [first, { ...second, sealed: add(null, key(1), key(3)).keys[1]?.sealed ?? {} }] }
  for (const broken of [swapped, { ...stored, keys: [first, { ...second, sealed: {} }] }]) {
    t.throws(() => open(broken, key(1)), /cannot be opened/)
    t.doesNotThrow(() => open({ ...broken, keys: [second] }, key(2)))
  }
})

t.test('names of every key of the ring are verified, and of a retired one for 30 days more', async t => {
  const stored = retire(add(add(null, key(1), key(2)), key(1), key(3)), key(3), key(2))
  const verified = (nowMs: number) => [1, 2, 3, 9].filter(number => parseUsername(open(stored, key(1), nowMs).nameKeys, nameOf(key(number))) !== undefined)
  t.same(verified(NOW_MS + KEEP_NAME_KEY_MS - 1), [1, 2, 3])
  t.same(verified(NOW_MS + KEEP_NAME_KEY_MS), [1, 3])
})

t.test('any number of rotations: the current key verifies the names of all, a retired one opens nothing', async t => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (rotations, byNewKey) => {
    let stored: MasterKeys | null = null
    for (let number = 1; number <= rotations; number++) {
      stored = add(stored, key(number), key(number + 1))
      stored = retire(stored, byNewKey[number - 1] ? key(number) : key(number + 1), key(number))
    }
    const ring = open(stored, key(rotations + 1))
    for (let number = 1; number <= rotations; number++) {
      if (parseUsername(ring.nameKeys, nameOf(key(number)))?.userTag !== TAG) return false
      try {
        open(stored, key(number))
        return false
      } catch {}
    }
    return ring.keys.length === 1 && JSON.stringify(stored).split(keyId(key(1))).length === 2
  }), { numRuns: 20 })
})

t.test("an app's secret says which key opens it", async t => {
  const { keys: [old, current] } = open(add(null, key(1), key(2)), key(1))
  if (!old || !current) throw new Error('two keys')
  const sealed = sealSecret(old, 'the secret of an app', newNonce())
  t.equal(sealedUnder(sealed), old.id)
  t.notOk(sealed.includes('the secret'))
  const ring = open(add(null, key(1), key(2)), key(2))
  t.equal(unsealSecret(ring, sealed), 'the secret of an app')
  t.equal(unsealSecret(ring, sealSecret(current, 'another', newNonce())), 'another')
  t.equal(unsealSecret(open(null, key(2)), sealed), undefined)
  t.equal(unsealSecret(ring, `${current.id}${sealed.slice(16)}`), undefined)
})
