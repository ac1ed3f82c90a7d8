import t from 'tap'
import type { NodeHealth, UrlHealth, UrlProbe } from '../../../services/domain/health.ts'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { createFleetProber, PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import type { ProbeCredential } from '../../../services/store/probe-credentials.ts'

const UDP = 'turn:192.0.2.1:3478?transport=udp'
const TCP = 'turn:192.0.2.1:3478?transport=tcp'
const START_MS = 1_000_000

const node = (id: string, { urls = [UDP], desired = {} }: { urls?: string[], desired?: Partial<DesiredNode> } = {}): NodeFacts =>
  ({ id, desired: { ...newDesired('0123456789abcdef'), ...desired }, observed: { region: 'eu', urls } as ObservedNode })
const credential = (expiresAtMs = START_MS + 3_600_000): ProbeCredential =>
  ({ username: 'u', password: 'p', expiresAtMs, generation: 1, keyId: '0123456789abcdef' })
const good = (url: string): UrlProbe => ({ url, failure: null, answered: true, bindingMs: 1, allocateMs: 2, relayMs: 3, packetsSent: 5, packetsReceived: 5, certificateExpiresAtMs: null })
const dead = (url: string): UrlProbe => ({ url, failure: { stage: 'binding', cause: 'timeout', code: null }, answered: false, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null })

/** A prober whose relays answer as `answer` says. */
function setUp (answer: (url: string) => UrlProbe | Promise<UrlProbe>) {
  const clock = { nowMs: START_MS }
  const asked: Array<{ url: string, allocates: boolean }> = []
  const published: Array<[node: string, health: NodeHealth]> = []
  const judged: Array<[node: string, before: UrlHealth | undefined, after: UrlHealth]> = []
  const errors: Error[] = []
  const prober = createFleetProber({
    probe: async (url, own) => {
      asked.push({ url, allocates: own !== undefined })
      return await answer(url)
    },
    publish: async (node, health) => { published.push([node, health]) },
    onJudged: ({ id }, before, after) => { judged.push([id, before, after]) },
    onError: error => { errors.push(error) },
    now: () => clock.nowMs
  })
  const credentials = new Map<string, ProbeCredential>()
  /** one look of the process, and all that it began */
  const look = async (...nodes: NodeFacts[]) => {
    prober.begin(nodes, credentials)
    await prober.idle()
  }
  return { prober, clock, asked, published, judged, errors, credentials, look }
}

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
  await new Promise(resolve => { setImmediate(resolve) })
  t.same(published.map(([id]) => id), ['b'])
  prober.begin(both, credentials)
  waiting.resolve(good(UDP))
  await first
  t.same(published.map(([id]) => id), ['b', 'a'], 'and is not probed twice at a time')
})

t.test('Binding alone proves nobody well, but proves who is dead', async t => {
  for (const [why, facts, own] of [
    ['draining', node('a', { desired: { draining: { sinceMs: 1 } } }), credential()],
    ['no credential', node('a'), undefined],
    ['an old credential', node('a'), credential(START_MS)]
  ] as const) {
    let answer = good
    const { look, clock, asked, published, credentials } = setUp(url => answer(url))
    if (own) credentials.set('a', own)
    await look(facts)
    t.same(asked, [{ url: UDP, allocates: false }], why)
    t.same(published.at(-1)?.[1].urls, [], `${why}: nothing is held of it`)
    answer = dead
    for (let probe = 0; probe < 2; probe++) {
      clock.nowMs += PROBE_INTERVAL_MS
      await look(facts)
    }
    t.equal(published.at(-1)?.[1].urls[0]?.state, 'bad', why)
    answer = good
    for (let probe = 0; probe < 10; probe++) {
      clock.nowMs += PROBE_INTERVAL_MS
      await look(facts)
    }
    t.equal(published.at(-1)?.[1].urls[0]?.state, 'bad', `${why}: and it stays bad until it gives an allocation`)
  }
})

t.test('who reaches nothing at all says so, and something outside the fleet is enough', async t => {
  const { prober, look, clock, published, credentials } = setUp(dead)
  credentials.set('a', credential())
  await look(node('a'))
  t.equal(published.at(-1)?.[1].reaches, false)
  t.equal(prober.reaches, false)
  prober.compare([good('stun:192.0.2.9:3478')])
  clock.nowMs += PROBE_INTERVAL_MS
  await look(node('a'))
  t.equal(published.at(-1)?.[1].reaches, true)
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
