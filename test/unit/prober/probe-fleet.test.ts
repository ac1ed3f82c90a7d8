import t from 'tap'
import type { UrlProbe } from '../../../services/domain/health.ts'
import { createFleetProber, PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import { START_MS, TCP, UDP, credential, good, node, setUp, turn } from './set-up.ts'

t.test('a node is probed on all its URLs at once, and again five seconds later', async t => {
  const { look, clock, asked, published, credentials } = setUp(good)
  credentials.set('a', credential())
  const a = node('a', { urls: [UDP, TCP] })
  await look(a)
  await look(a)
  t.same(asked, [{ url: UDP, allocates: true }, { url: TCP, allocates: true }])
  clock.nowMs += PROBE_INTERVAL_MS - 1
  await look(a)
  t.equal(asked.length, 2)
  clock.nowMs += 1
  await look(a)
  t.equal(asked.length, 4)
  const beats = published.map(([, { beat }]) => beat)
  t.equal((beats[1] ?? 0) - (beats[0] ?? 0), 1, 'each probe is one beat')
  t.same(published[0]?.[1].urls.map(({ url, state }) => ({ url, state })), [{ url: UDP, state: 'good' }, { url: TCP, state: 'good' }])
})

t.test('a node that hangs holds up no other', async t => {
  const waiting = Promise.withResolvers<UrlProbe>()
  const { prober, look, published, credentials } = setUp(url => url === UDP ? waiting.promise : good(url))
  credentials.set('a', credential()).set('b', credential())
  const both = [node('a'), node('b', { urls: [TCP] })]
  const first = look(...both)
  await turn()
  t.same(published.map(([id]) => id), ['b'])
  prober.begin(both, credentials)
  waiting.resolve(good(UDP))
  await first
  t.same(published.map(([id]) => id), ['b', 'a'], 'and is not probed twice at a time')
})

t.test('a node that is gone, and a URL no longer advertised, are forgotten', async t => {
  const { prober, look, clock, published, credentials } = setUp(good)
  credentials.set('a', credential())
  await look(node('a', { urls: [UDP, TCP] }))
  clock.nowMs += PROBE_INTERVAL_MS
  await look(node('a', { urls: [TCP] }))
  t.same(published.at(-1)?.[1].urls.map(({ url }) => url), [TCP])
  await look()
  t.same([...prober.healthOf('a')], [])
})

t.test('many nodes at once are probed by and by, the longest due first', async t => {
  const { prober, look, asked, credentials } = setUp(good)
  const nodes = Array.from({ length: 40 }, (_, index) => node(`n-${index}`, { urls: [`turn:n-${index}:3478?transport=udp`] }))
  for (const { id } of nodes) credentials.set(id, credential())
  prober.begin(nodes, credentials)
  await turn()
  t.ok(asked.length < nodes.length, `${asked.length} of 40 at first`)
  await prober.idle()
  for (let looks = 0; looks < 4; looks++) await look(...nodes)
  t.equal(new Set(asked.map(({ url }) => url)).size, 40)
  t.equal(asked.length, 40, 'each once')
})

t.test('what cannot be published is an error, and the next probe goes on', async t => {
  const errors: Error[] = []
  let calls = 0
  const prober = createFleetProber({
    probe: async url => good(url),
    recall: async () => undefined,
    retract: async () => {},
    publish: async () => {
      calls += 1
      throw new Error('away')
    },
    onJudged: () => {},
    onError: error => { errors.push(error) },
    now: () => START_MS + calls * PROBE_INTERVAL_MS
  })
  for (let looks = 0; looks < 2; looks++) {
    prober.begin([node('a')], new Map([['a', credential()]]))
    await prober.idle()
  }
  t.equal(errors.length, 2)
})
