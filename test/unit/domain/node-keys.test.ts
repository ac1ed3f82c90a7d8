import t from 'tap'
import { nodeKeyIdOf, openNodeKeys, sealNodeKey, unsealNodeKey } from '../../../services/domain/node-keys.ts'
import { deriveNodeKey, keyId } from '../../../services/domain/turn-credential.ts'
import { newNonce } from '../../../services/runtime/new-nonce.ts'

const [first, second, third] = ['one', 'two', 'three'].map(master => deriveNodeKey(master, 'eu-1')) as [string, string, string]
const sealed = (key: string, under: string) => ({ id: keyId(key), under: keyId(under), sealed: sealNodeKey(key, under, newNonce()) })

t.test('a generation derives from the last key that begins at or before it', async t => {
  const entries = [{ from: 1, id: 'a' }, { from: 3, id: 'b' }]
  t.same([0, 1, 2, 3, 9].map(generation => nodeKeyIdOf(entries, generation)), [undefined, 'a', 'a', 'b', 'b'])
})

t.test('a key is read with the one it is sealed under, and passes for no other', async t => {
  const text = sealNodeKey(second, first, newNonce())
  t.equal(unsealNodeKey(text, keyId(second), first), second)
  t.equal(unsealNodeKey(text, keyId(second), third), undefined)
  t.equal(unsealNodeKey(text, keyId(third), first), undefined)
  t.notOk(text.includes(second))
})

t.test('either key opens the other, in whatever order they stand, one after the other', async t => {
  const entries = [{ from: 3, ...sealed(third, second) }, { from: 2, ...sealed(second, first) }, { from: 1, ...sealed(first, second) }]
  t.same([...openNodeKeys(entries, [first]).values()].sort(), [first, second, third].sort())
  t.same([...openNodeKeys(entries, [second]).values()].sort(), [first, second, third].sort())
  t.same([...openNodeKeys(entries, [third]).values()], [third], 'that one opens nothing')
  t.same([...openNodeKeys([], [first])], [[keyId(first), first]])
})

t.test('an id is none of the key', async t => {
  t.match(keyId(first), /^[0-9a-f]{16}$/)
  t.not(keyId(first), keyId(second))
})
