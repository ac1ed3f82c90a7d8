import t from 'tap'
import { createKeyedNames } from '../../../services/control-plane/keyed-names.ts'
import { deriveKeys, parseUsername } from '../../../services/domain/turn-credential.ts'

const [first, second] = [deriveKeys('m'.repeat(40)), deriveKeys('n'.repeat(40))]

t.test('one user of one app has one name, everybody else another, and nobody a new one each time', async t => {
  let drawn = 0
  const names = createKeyedNames(() => first, () => Buffer.alloc(16, drawn++))
  const ada = names.ofUser('shop', 'ada')
  t.same(names.ofUser('shop', 'ada'), ada)
  const others = [names.ofUser('shop', 'bob'), names.ofUser('chat', 'ada'), names.ofUser('shop', undefined), names.ofUser('shop', undefined)]
  t.equal(new Set([ada, ...others].map(({ userTag }) => userTag)).size, 5)
  t.equal(drawn, 2, 'nothing is drawn for who has a name')
  t.same(parseUsername([first.name], `1:${ada.userId}`), { app: 'shop', userTag: ada.userTag })
  t.equal(ada.limit.name, `user:shop:${ada.userTag}`)
})

t.test('with another master key every name is another, at once', async t => {
  let keys = first
  const names = createKeyedNames(() => keys, () => Buffer.alloc(16))
  const [user, address] = [names.ofUser('shop', 'ada').userTag, names.ofAddress('192.0.2.7')]
  keys = second
  t.not(names.ofUser('shop', 'ada').userTag, user)
  t.not(names.ofAddress('192.0.2.7'), address)
  keys = first
  t.same([names.ofUser('shop', 'ada').userTag, names.ofAddress('192.0.2.7')], [user, address])
})

t.test('a user of any length has a name, and a long one is not held', async t => {
  let made = 0
  const keys = { ...first, get tag () { made += 1; return first.tag } }
  const names = createKeyedNames(() => keys, () => Buffer.alloc(16))
  for (const [user, times] of [['x'.repeat(128), 1], ['x'.repeat(16_000), 2]] as const) {
    made = 0
    t.equal(names.ofUser('shop', user).userTag, names.ofUser('shop', user).userTag)
    t.equal(made, times, `${user.length} characters`)
  }
})
