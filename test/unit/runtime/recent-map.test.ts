import fc from 'fast-check'
import t from 'tap'
import { RecentMap } from '../../../services/runtime/recent-map.ts'

t.test('what is used stays, what is not goes', async t => {
  const map = new RecentMap<number, string>(10)
  map.set(0, 'kept')
  map.set(1, 'left alone')
  for (let key = 2; key < 100; key++) {
    map.set(key, String(key))
    t.equal(map.get(0), 'kept')
  }
  t.equal(map.get(1), undefined)
})

t.test('a value is made once as long as it is held', async t => {
  const map = new RecentMap<string, object>(10)
  const made = map.take('a', () => ({}))
  t.equal(map.take('a', () => { throw new Error('made twice') }), made)
  map.clear()
  t.equal(map.get('a'), undefined)
})

t.test('it never gives another value than the last one set, and always the last few', async t => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat()), { maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (sets, most) => {
    const map = new RecentMap<number, number>(most)
    const all = new Map<number, number>()
    for (const [key, value] of sets) {
      map.set(key, value)
      all.set(key, value)
    }
    const held = [...all].filter(([key, value]) => {
      const found = map.get(key)
      if (found !== undefined && found !== value) throw new Error(`${key} is ${found}, not ${value}`)
      return found !== undefined
    })
    return held.length <= 2 * Math.ceil(most / 2) && (sets.length === 0 || held.some(([key]) => key === sets.at(-1)?.[0]))
  }))
  t.pass('whatever was set')
})
