import t from 'tap'
import type { NodeHealth, UrlProbe } from '../../../services/domain/health.ts'
import { PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import { UDP, credential, dead, good, node, setUp, turn } from './set-up.ts'

t.test('what was condemned before a restart stays so until three good probes, or one where it never was good', async t => {
  let answer = dead
  const before = (wasGood: boolean): NodeHealth => ({ beat: 5, reaches: true, urls: [{ url: UDP, state: 'bad', failure: dead(UDP).failure, goodInARow: 0, badInARow: 9, wasGood, last: dead(UDP) }] })
  const { rounds, published, credentials } = setUp(url => answer(url), id => before(id === 'a'))
  credentials.set('a', credential())
  t.same(await rounds(1, node('a')), ['bad'])
  t.match(published[0]?.[1].urls, [{ badInARow: 10 }])
  t.ok((published[0]?.[1].beat ?? 0) > 5)
  answer = good
  t.same(await rounds(2, node('a')), ['bad'])
  t.same(await rounds(1, node('a')), ['good'])
  credentials.set('new', credential())
  t.same(await rounds(1, node('new')), ['good'])
})

t.test('while it cannot be known what was said before, nothing is said', async t => {
  let isAway = true
  const { rounds, published, asked, errors, credentials } = setUp(good, () => {
    if (isAway) throw new Error('away')
    return undefined
  })
  credentials.set('a', credential())
  await rounds(2, node('a'))
  t.same([published.length, asked.length, errors.length], [0, 0, 2])
  isAway = false
  t.same(await rounds(1, node('a')), ['good'])
})

t.test('what is found of a node that has left meanwhile is not said, and what was said is taken back behind it', async t => {
  const waiting = Promise.withResolvers<UrlProbe>()
  let answer: (url: string) => UrlProbe | Promise<UrlProbe> = good
  const { prober, look, clock, published, retracted, centre, errors, credentials } = setUp(url => answer(url))
  credentials.set('a', credential())
  await look(node('a'))
  clock.nowMs += PROBE_INTERVAL_MS
  answer = () => waiting.promise
  prober.begin([node('a')], credentials)
  await turn()
  prober.begin([], credentials)
  await turn()
  t.same(retracted, [], 'not beside a probe under way')
  waiting.resolve(good(UDP))
  await prober.idle()
  t.equal(published.length, 1)
  centre.isAway = true
  await look()
  centre.isAway = false
  await look()
  await look()
  t.same(retracted, ['a', 'a'], 'again where it failed, and no more where it did not')
  t.equal(errors.length, 1)
})

t.test('a node that is back before that is probed on, and its word stands', async t => {
  const { look, clock, published, retracted, centre, credentials } = setUp(good)
  credentials.set('a', credential())
  await look(node('a'))
  centre.isAway = true
  await look()
  clock.nowMs += PROBE_INTERVAL_MS
  await look(node('a'))
  await look(node('a'))
  t.same([retracted, published.length], [['a'], 2])
})
