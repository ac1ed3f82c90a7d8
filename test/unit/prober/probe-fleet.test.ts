import t from 'tap'
import type { NodeHealth, UrlHealth, UrlProbe } from '../../../services/domain/health.ts'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { createFleetProber, PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import type { ProbeCredential } from '../../../services/store/probe-credentials.ts'

const UDP = 'turn:192.0.2.1:3478?transport=udp'
const TCP = 'turn:192.0.2.1:3478?transport=tcp'
const START_MS = 1_000_000

const node = (id: string, { urls = [UDP], desired = {}, admitting }: { urls?: string[], desired?: Partial<DesiredNode>, admitting?: boolean } = {}): NodeFacts =>
  ({ id, desired: { ...newDesired('0123456789abcdef'), ...desired }, observed: { region: 'eu', urls, admitting } as ObservedNode })
const credential = (expiresAtMs = START_MS + 3_600_000): ProbeCredential =>
  ({ username: 'u', password: 'p', expiresAtMs, generation: 1, keyId: '0123456789abcdef' })
const good = (url: string): UrlProbe => ({ url, failure: null, answered: true, bindingMs: 1, allocateMs: 2, relayMs: 3, packetsSent: 5, packetsReceived: 5, certificateExpiresAtMs: null })
const dead = (url: string): UrlProbe => ({ url, failure: { stage: 'binding', cause: 'timeout', code: null }, answered: false, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null })

const refusing = (url: string): UrlProbe => ({ ...good(url), failure: { stage: 'allocate', cause: 'quota', code: 486 }, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0 })
/** Something outside the fleet that answers. */
const OUTSIDE = [Promise.resolve(good('stun:192.0.2.9:3478'))]
const turn = async () => { await new Promise(resolve => { setImmediate(resolve) }) }

/** A prober whose relays answer as `answer` says; `said` is what it said before it was started anew. */
function setUp (answer: (url: string) => UrlProbe | Promise<UrlProbe>, said: (node: string) => NodeHealth | undefined = () => undefined) {
  const clock = { nowMs: START_MS }
  const asked: Array<{ url: string, allocates: boolean }> = []
  const published: Array<[node: string, health: NodeHealth]> = []
  const judged: Array<[node: string, before: UrlHealth | undefined, after: UrlHealth]> = []
  const errors: Error[] = []
  const retracted: string[] = []
  const centre = { isAway: false }
  const prober = createFleetProber({
    probe: async (url, own) => {
      asked.push({ url, allocates: own !== undefined })
      return await answer(url)
    },
    recall: async node => said(node),
    publish: async (node, health) => { published.push([node, health]) },
    retract: async node => {
      retracted.push(node)
      if (centre.isAway) throw new Error('away')
    },
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
  /** looks of as many probe intervals, something outside the fleet answering in each; the state of each URL behind the last */
  const rounds = async (count: number, ...nodes: NodeFacts[]) => {
    for (let round = 0; round < count; round++) {
      await prober.compare(OUTSIDE)
      await look(...nodes)
      clock.nowMs += PROBE_INTERVAL_MS
    }
    return published.at(-1)?.[1].urls.map(({ state }) => state)
  }
  return { prober, clock, asked, published, judged, errors, retracted, centre, credentials, look, rounds }
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
  await turn()
  t.same(published.map(([id]) => id), ['b'])
  prober.begin(both, credentials)
  waiting.resolve(good(UDP))
  await first
  t.same(published.map(([id]) => id), ['b', 'a'], 'and is not probed twice at a time')
})

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
  let answer = refusing
  const { rounds, credentials } = setUp(url => answer(url))
  credentials.set('a', credential())
  t.same(await rounds(2, node('a')), ['bad'])
  answer = good
  t.same(await rounds(5, node('a', { admitting: false })), ['bad'])
  t.same(await rounds(2, node('a', { admitting: true })), ['bad'], 'three probes with an allocation, not Bindings beside them')
  t.same(await rounds(1, node('a')), ['good'])
})

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

t.test('what was condemned before a restart stays so until three good probes', async t => {
  let answer = dead
  const before: NodeHealth = { beat: 5, reaches: true, urls: [{ url: UDP, state: 'bad', failure: dead(UDP).failure, goodInARow: 0, badInARow: 9, last: dead(UDP) }] }
  const { rounds, published, credentials } = setUp(url => answer(url), id => id === 'a' ? before : undefined)
  credentials.set('a', credential())
  t.same(await rounds(1, node('a')), ['bad'])
  t.match(published[0]?.[1].urls, [{ badInARow: 10 }])
  t.ok((published[0]?.[1].beat ?? 0) > 5)
  answer = good
  t.same(await rounds(2, node('a')), ['bad'])
  t.same(await rounds(1, node('a')), ['good'])
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
