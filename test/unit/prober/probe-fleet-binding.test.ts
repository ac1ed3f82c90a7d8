import t from 'tap'
import { START_MS, UDP, credential, dead, good, node, refusing, setUp } from './set-up.ts'

t.test('Binding alone proves nobody well, but proves who is dead, and who is dead no more', async t => {
  for (const [why, facts, own] of [
    ['draining', node('a', { desired: { draining: { sinceMs: 1 } } }), credential()],
    ['not admitting yet behind a drain', node('a', { admitting: false }), credential()],
    ['no credential', node('a'), undefined],
    ['an old credential', node('a'), credential(START_MS)]
  ] as const) {
    let answer = good
    const { rounds, asked, published, credentials } = setUp(url => answer(url))
    if (own) credentials.set('a', own)
    t.same(await rounds(1, facts), [], `${why}: nothing is held of it`)
    t.same(asked, [{ url: UDP, allocates: false }], why)
    answer = dead
    t.same(await rounds(2, facts), ['bad'], why)
    answer = good
    t.same(await rounds(2, facts), ['bad'], why)
    t.same(await rounds(1, facts), ['unknown'], `${why}: nothing is known of it once it answers again`)
    t.same(await rounds(10, facts), ['unknown'], `${why}: and it is not good until it gives an allocation`)
    t.match(published.at(-1)?.[1].urls, [{ goodInARow: 0, badInARow: 0 }])
  }
})

t.test('with Binding alone two losses hours apart condemn nobody', async t => {
  let answer = good
  const { rounds, credentials } = setUp(url => answer(url))
  const draining = node('a', { desired: { draining: { sinceMs: 1 } } })
  credentials.set('a', credential())
  t.same(await rounds(1, node('a')), ['good'])
  for (const what of [dead, good, dead, good, dead]) {
    answer = what
    t.same(await rounds(1, draining), ['good'])
  }
})

t.test('a URL that refuses allocations is not made better by Binding', async t => {
  let answer = good
  const { rounds, credentials } = setUp(url => answer(url))
  credentials.set('a', credential())
  t.same(await rounds(1, node('a')), ['good'])
  answer = refusing
  t.same(await rounds(2, node('a')), ['bad'])
  answer = good
  t.same(await rounds(5, node('a', { admitting: false })), ['bad'])
  t.same(await rounds(2, node('a', { admitting: true })), ['bad'], 'three probes with an allocation, not Bindings beside them')
  t.same(await rounds(1, node('a')), ['good'])
})
