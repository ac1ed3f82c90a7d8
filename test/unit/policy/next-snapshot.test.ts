import fc from 'fast-check'
import t from 'tap'
import { indexApps, newApp } from '../../../services/domain/app.ts'
import type { UrlState } from '../../../services/domain/health.ts'
import type { NodeFacts } from '../../../services/domain/node.ts'
import { PROBER_SILENT_AFTER_MS } from '../../../services/policy/count-votes.ts'
import type { Health } from '../../../services/policy/count-votes.ts'
import { nextSnapshot } from '../../../services/policy/next-snapshot.ts'
import type { Facts, Snapshot } from '../../../services/policy/next-snapshot.ts'
import { DEFAULT_POLICY } from '../../../services/policy/settings.ts'
import { SILENT_AFTER_MS } from '../../../services/policy/view-node.ts'
import { healthOf, nodeFacts, TCP, UDP } from '../../helpers/node-facts.ts'

const version = (sequence: number) => sequence === 0 ? '0' : `${sequence}:${'a'.repeat(64)}`
const appsAt = (sequence: number) => indexApps(version(sequence), new Map(), new Map())
const facts = (nodes: NodeFacts[], health: Record<string, Health> = {}, appsAndKeys = appsAt(5) as Facts['appsAndKeys']): Facts =>
  ({ nodes, health: new Map(Object.entries(health)), appsAndKeys, relayUse: new Map(), promises: new Map() })
/** One snapshot after another, each a second later. */
const after = (...reads: Array<Facts | undefined>): Snapshot | undefined =>
  reads.reduce<Snapshot | undefined>((previous, read, index) => nextSnapshot(previous, read, index * 1000, DEFAULT_POLICY), undefined)
const times = (count: number, read: Facts | undefined) => Array.from({ length: count }, () => read)
const well = facts([nodeFacts('n')])

t.test('there is none before the first full read', async t => {
  t.equal(after(undefined, undefined), undefined)
  t.equal(after({ ...facts([]), appsAndKeys: undefined }), undefined)
})

t.test('apps that have not changed are kept, the generation grows, and the policy is carried', async t => {
  const read = facts([])
  const snapshot = after(read, { ...facts([]), appsAndKeys: undefined })
  t.equal(snapshot?.appsAndKeys, read.appsAndKeys)
  t.equal(snapshot?.generation, 2)
  t.equal(snapshot?.policy, DEFAULT_POLICY)
})

t.test('a heartbeat that stands still makes a node unknown, not down, and the next one brings it back', async t => {
  const seconds = SILENT_AFTER_MS / 1000
  t.equal(after(...times(seconds + 1, well))?.nodes[0]?.state, 'up')
  t.match(after(...times(seconds + 2, well))?.nodes, [{ state: 'unknown', reasons: [{ kind: 'agent_silent', quietMs: SILENT_AFTER_MS + 1000 }, { kind: 'not_probed' }] }])
  t.equal(after(...times(seconds + 2, well), facts([nodeFacts('n', { beat: 2 })]))?.nodes[0]?.state, 'up')
})

t.test('a prober whose beat stands still loses its vote, good or bad', async t => {
  const seconds = PROBER_SILENT_AFTER_MS / 1000
  for (const [said, state] of [['bad', 'down'], ['good', 'up']] as const) {
    const read = (beat: number) => facts([nodeFacts('n', { beat })], { n: new Map([['p', healthOf({ [UDP]: said, [TCP]: said })]]) })
    const reads = [well, ...Array.from({ length: seconds + 2 }, (_, index) => read(index))]
    t.equal(after(...reads.slice(0, -1))?.nodes[0]?.state, state)
    t.match(after(...reads)?.nodes, [{ state: 'up', reasons: [{ kind: 'not_probed', silent: ['p'], blind: [], unheard: [] }] }], 'a dead prober condemns nobody')
  }
})

t.test('in an outage of Redis nothing ages, and the snapshot says since when it stands still', async t => {
  const outage = after(well, ...times(60, undefined))
  t.equal(outage?.nodes[0]?.state, 'up')
  t.match(outage, { outageSinceMs: 1000, outageReason: 'unreadable', generation: 1 })
  const back = after(well, ...times(60, undefined), well)
  t.equal(back?.nodes[0]?.state, 'up', 'agents could not be heard, which does not make them silent')
  t.equal(back?.nodes[0]?.quietMs, 0)
  t.match(back, { outageSinceMs: undefined, outageReason: undefined })
})

t.test('a clock that jumps, or a process that slept, makes no node silent', async t => {
  const first = nextSnapshot(undefined, well, 0, DEFAULT_POLICY)
  t.equal(nextSnapshot(first, well, 3_600_000, DEFAULT_POLICY)?.nodes[0]?.state, 'up', 'forwards')
  t.equal(nextSnapshot(first, well, -3_600_000, DEFAULT_POLICY)?.nodes[0]?.quietMs, 0, 'or back')
})

t.test('an empty fleet after a full one is a fault, unless the audit tells of it', async t => {
  for (const [what, appsAndKeys] of [['flushed', appsAt(0)], ['older data', appsAt(4)], ['no change', undefined], ['a head that is none', indexApps('nonsense', new Map(), new Map())]] as const) {
    const gone = after(well, facts([], {}, appsAndKeys), facts([], {}, appsAndKeys))
    t.match(gone, { outageSinceMs: 1000, outageReason: 'emptied', generation: 1 }, what)
    t.same(gone?.nodes.map(({ id }) => id), ['n'], what)
    t.match(after(well, facts([], {}, appsAndKeys), well), { outageReason: undefined, generation: 2 }, 'until they are back')
  }
  t.same(after(well, facts([], {}, appsAt(6)))?.nodes, [], 'an operator has removed the last one')
  t.same(after(well, facts([], {}, appsAt(4)), facts([], {}, appsAt(6)))?.nodes, [])
  t.same(after(facts([]), facts([]))?.nodes, [], 'a fleet that never was')
  t.equal(after(facts([]), facts([], {}, appsAt(0)))?.outageReason, undefined)
  const withApp = (sequence: number) => facts([], {}, indexApps(version(sequence), new Map([['shop', newApp('shop', '')]]), new Map()))
  const lost = after(withApp(5), facts([], {}, appsAt(0)))
  t.same([lost?.outageReason, lost?.appsAndKeys.apps.size], ['emptied', 1], 'nor do all apps go by themselves')
  t.same(after(withApp(5), facts([], {}, appsAt(6)))?.appsAndKeys.apps.size, 0)
})

const anyObserved = fc.record({
  beat: fc.integer({ min: 1, max: 3 }),
  coturnVersion: fc.constantFrom('4.17.1', null),
  boot: fc.constantFrom('b', 'c'),
  generationsApplied: fc.subarray([1, 2]),
  urls: fc.subarray([UDP, TCP]),
  loadBitsPerSecond: fc.integer({ min: 0, max: 1200 }),
  clockMs: fc.integer({ min: -600_000, max: 600_000 })
})
const anyHealth = (reaches: fc.Arbitrary<boolean>) => fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.record({ beat: fc.integer({ min: 1, max: 3 }), reaches, udp: fc.constantFrom<UrlState>('good', 'bad', 'unknown'), tcp: fc.constantFrom<UrlState>('good', 'bad', 'unknown') })
  .map(({ beat, reaches, udp, tcp }) => healthOf({ [UDP]: udp, [TCP]: tcp }, undefined, { beat, reaches }))).map(said => new Map(Object.entries(said)))
const anyNode = fc.record({ observed: fc.option(anyObserved), isDraining: fc.boolean() })
  .map(({ observed, isDraining }) => nodeFacts('n', observed, isDraining ? { draining: { sinceMs: 1 } } : {}))
const anyRead = (reaches: fc.Arbitrary<boolean>) => fc.record({ node: anyNode, health: anyHealth(reaches) }).map(({ node, health }) => facts([node], { n: health }))

t.test('whatever was read before: no outage changes a node', async t => {
  fc.assert(fc.property(fc.array(anyRead(fc.boolean()), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 100 }), (reads, seconds) => {
    const before = after(...reads)
    const outage = after(...reads, ...times(seconds, undefined))
    return JSON.stringify(before?.nodes) === JSON.stringify(outage?.nodes)
  }))
})

t.test('whatever they say: probers that reach nothing change no state and take no URL away', async t => {
  fc.assert(fc.property(fc.array(anyRead(fc.constant(false)), { minLength: 1, maxLength: 20 }), reads => {
    const [said] = after(...reads)?.nodes ?? []
    const [unsaid] = after(...reads.map(read => ({ ...read, health: new Map() })))?.nodes ?? []
    return said?.state === unsaid?.state && JSON.stringify(said?.urls) === JSON.stringify(unsaid?.urls)
  }))
})

t.test('whatever was read: what serves has a URL and a secret, what is bad is not handed out, the same facts give the same snapshot', async t => {
  fc.assert(fc.property(fc.array(anyRead(fc.boolean()), { minLength: 1, maxLength: 20 }), reads => {
    const snapshot = after(...reads)
    const [node] = snapshot?.nodes ?? []
    if (!node) return false
    const serves = node.state === 'up' || node.state === 'degraded' || node.state === 'unknown'
    return (!serves || (node.urls.length > 0 && node.signingGeneration > 0)) && node.urls.every(url => !node.badUrls.includes(url)) &&
      serves === (node.share > 0) && (node.state === 'up' || node.reasons.length > 0) && JSON.stringify(after(...reads)) === JSON.stringify(snapshot)
  }))
})
