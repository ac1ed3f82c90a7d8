import t from 'tap'
import type { UrlProbe } from '../../../services/domain/health.ts'
import { PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import { OUTSIDE, TCP, UDP, credential, dead, good, node, setUp, turn } from './set-up.ts'

t.test('who reaches nothing at all says so, and something outside the fleet is enough', async t => {
  const { prober, look, clock, published, credentials } = setUp(dead)
  credentials.set('a', credential())
  await look(node('a'))
  t.equal(published.at(-1)?.[1].reaches, false)
  t.equal(prober.reaches, false)
  await prober.compare(OUTSIDE)
  clock.nowMs += PROBE_INTERVAL_MS
  await look(node('a'))
  t.equal(published.at(-1)?.[1].reaches, true)
})

t.test('cut off in the middle of a round, it condemns nobody, and nobody when it is back', async t => {
  const answers = new Map([[UDP, good], [TCP, good]])
  const { look, clock, published, credentials } = setUp(url => answers.get(url)?.(url) ?? dead(url))
  for (const id of ['a', 'b']) credentials.set(id, credential())
  const both = [node('a'), node('b', { urls: [TCP] })]
  const condemned = () => published.some(([, { reaches, urls }]) => reaches && urls.some(({ state }) => state === 'bad'))
  await look(...both)
  // the probe of a was under way when the cut came, that of b had its answer already
  clock.nowMs += PROBE_INTERVAL_MS
  answers.set(UDP, dead)
  await look(...both)
  answers.set(TCP, dead)
  for (let round = 0; round < 12; round++) {
    clock.nowMs += PROBE_INTERVAL_MS
    await look(...both)
    t.equal(published.at(-1)?.[1].reaches, false)
  }
  answers.set(UDP, good).set(TCP, good)
  for (let round = 0; round < 4; round++) {
    clock.nowMs += PROBE_INTERVAL_MS
    await look(...both)
  }
  t.notOk(condemned())
  t.match(published.at(-1)?.[1], { reaches: true, urls: [{ state: 'good' }] })
})

t.test('an answer from before the end of the first bad probe is no witness to the second', async t => {
  const first = Promise.withResolvers<UrlProbe>()
  let answer: (url: string) => UrlProbe | Promise<UrlProbe> = () => first.promise
  const { prober, look, clock, published, credentials } = setUp(async url => url === UDP ? await answer(url) : good(url))
  for (const id of ['a', 'b']) credentials.set(id, credential())
  const [a, b] = [node('a'), node('b', { urls: [TCP] })]
  prober.begin([a], credentials)
  clock.nowMs += 1_000
  prober.begin([a, b], credentials)
  await turn()
  // the cut: b has had its answer, a is waiting for its own in vain
  first.resolve(dead(UDP))
  await prober.idle()
  answer = dead
  clock.nowMs += PROBE_INTERVAL_MS - 1_000
  await look(a, b)
  t.same(published.map(([id]) => id), ['b', 'a', 'a'])
  t.match(published.at(-1)?.[1], { reaches: false, urls: [{ state: 'unknown' }] })
  await prober.compare(OUTSIDE)
  clock.nowMs += PROBE_INTERVAL_MS
  await look(a)
  t.match(published.at(-1)?.[1], { reaches: true, urls: [{ state: 'bad' }] }, 'where it was dead after all, the next one is')
})

t.test('a dead node is condemned by the second probe, whichever of the others comes first or is slow', async t => {
  for (const order of [['a', 'b'], ['b', 'a']]) {
    const { look, clock, published, credentials } = setUp(async url => {
      if (url === UDP) return dead(url)
      await turn()
      return good(url)
    })
    const nodes = order.map(id => node(id, { urls: [id === 'a' ? UDP : TCP] }))
    for (const { id } of nodes) credentials.set(id, credential())
    for (let round = 0; round < 4; round++) {
      await look(...nodes)
      const said = published.findLast(([id]) => id === 'a')?.[1]
      t.match(said, { reaches: true, urls: [{ state: round === 0 ? 'unknown' : 'bad' }] }, `${order.join()} round ${round}`)
      clock.nowMs += PROBE_INTERVAL_MS
    }
  }
})
