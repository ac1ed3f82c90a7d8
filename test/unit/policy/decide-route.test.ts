import fc from 'fast-check'
import t from 'tap'
import type { NodeState } from '../../../services/domain/node-state.ts'
import { PROVIDERS } from '../../../services/domain/provider.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import type { Step } from '../../../services/policy/decide-route.ts'
import { laneOf, pickTwo, rankNodes } from '../../../services/policy/rank-nodes.ts'
import type { RouteRequest } from '../../../services/policy/route-request.ts'
import { DEFAULT_POLICY } from '../../../services/policy/settings.ts'
import type { NodeView } from '../../../services/policy/view-node.ts'
import { nodeView, requestOf, snapshotOf, urlsOf } from '../../helpers/node-views.ts'

const policy = { ...DEFAULT_POLICY, neighbours: new Map([['eu', ['us', 'ap']], ['us', ['eu']]]) }
const plan = (nodes: NodeView[], request: Partial<RouteRequest> = {}, available: ProviderName[] = ['coturn', 'static', 'stun'], settings = policy) =>
  decideRoute(requestOf(request), snapshotOf(nodes, { policy: settings }), available)
const fleetStep = (steps: readonly Step[]) => steps.find(step => step.provider === 'coturn')
const nodesOf = (nodes: NodeView[], request: Partial<RouteRequest> = {}, settings = policy): string[] => fleetStep(plan(nodes, request, undefined, settings))?.nodes.map(({ id }) => id) ?? []

t.test('the configured order, less a fleet that cannot serve', async t => {
  const told = (steps: Step[]) => steps.map(({ provider, reason, remarks }) => [provider, reason, ...remarks])
  t.same(told(plan([nodeView('a')])), [['coturn', 'healthy'], ['static', 'fallback', 'after_fleet'], ['stun', 'last_resort', 'after_fleet']])
  t.same(told(plan([nodeView('a')], {}, ['static', 'coturn'])), [['static', 'fallback'], ['coturn', 'healthy']])
  t.same(told(plan([])), [['static', 'fallback', 'no_node'], ['stun', 'last_resort', 'no_node']], 'no node at all')
  for (const state of ['down', 'unready', 'draining'] as const) t.same(told(plan([nodeView('a', { state })])), told(plan([])), state)
  t.same(told(plan([nodeView('a', { urls: [] })])), told(plan([])), 'no URL that works')
})

t.test('what is unknown is used when nothing is known to be well, and the reason says so', async t => {
  t.match(plan([nodeView('a', { state: 'unknown' })])[0], { provider: 'coturn', reason: 'unsure' })
  t.same(nodesOf([nodeView('a', { state: 'unknown' }), nodeView('b')]), ['b'])
  t.same(nodesOf([nodeView('a', { state: 'unknown' }), nodeView('b', { state: 'degraded' })]), ['b'])
})

t.test('a degraded node serves with what is left of its URLs', async t => {
  const { tcp, tls } = urlsOf('a')
  t.match(plan([nodeView('a', { state: 'degraded', urls: [tls, tcp] })])[0], { reason: 'healthy', remarks: ['degraded'], urls: [[tls, tcp]] })
})

t.test('saturated nodes come behind all others, near or far, and serve when there are no others', async t => {
  t.same(nodesOf([nodeView('a', { saturated: true }), nodeView('b', { region: 'xx' })], { region: 'eu' }), ['b', 'a'])
  t.match(plan([nodeView('a', { saturated: true })])[0], { provider: 'coturn', reason: 'saturated' })
})

t.test('then the region asked for, its neighbours in their order, and all others', async t => {
  const nodes = [nodeView('x', { region: 'xx' }), nodeView('e', { region: 'eu' }), nodeView('u', { region: 'us' }), nodeView('p', { region: 'ap' })]
  t.same(nodesOf(nodes, { region: 'eu' }), ['e', 'u'])
  t.same(nodesOf(nodes.filter(({ id }) => id !== 'e'), { region: 'eu' }), ['u', 'p'])
  t.same(nodesOf(nodes, { region: 'us' }), ['u', 'e'])
  t.equal(nodesOf(nodes, { region: 'ap' })[0], 'p', 'without neighbours the others are all as far')
  const remarks = (request: Partial<RouteRequest>, some = nodes) => fleetStep(plan(some, request))?.remarks
  t.same([remarks({ region: 'eu' }), remarks({ region: 'eu' }, nodes.slice(2)), remarks({ region: 'eu' }, nodes.slice(0, 1)), remarks({})], [['in_region'], ['neighbour_region'], ['other_region'], []])
  for (const region of ['constructor', 'mars']) t.same(remarks({ region }), ['other_region'], region)
})

t.test('places that are nowhere are one and the same, so that callers who make them up fill no memory', async t => {
  const snapshot = snapshotOf([nodeView('a')], { policy })
  const lane = (region: string) => laneOf(requestOf({ region }), snapshot)
  t.equal(lane('mars'), lane('venus'))
  t.not(lane('mars'), lane('eu'))
})

t.test('the request says where the client is, else the proxy, else the setting, else nobody', async t => {
  const nodes = ['eu', 'us', 'ap'].map(region => nodeView(region, { region }))
  const settings = { ...policy, defaultRegion: 'ap' }
  t.equal(nodesOf(nodes, { region: 'us', hintedRegion: 'eu' }, settings)[0], 'us')
  t.equal(nodesOf(nodes, { hintedRegion: 'eu' }, settings)[0], 'eu')
  t.equal(nodesOf(nodes, {}, settings)[0], 'ap')
  const firsts = new Set(Array.from({ length: 100 }, (_, index) => nodesOf(nodes, { userTag: `user ${index}` })[0]))
  t.same([...firsts].sort(), ['ap', 'eu', 'us'], 'by nobody all are as near')
})

t.test('a room meets on one node, whoever asks and however often, unless that is much fuller than the rest', async t => {
  const [home = '', other = ''] = nodesOf([nodeView('a'), nodeView('b')], { room: 'r' })
  const loaded = (ratio: number, rest = 0) => [nodeView(home, { loadRatio: ratio }), nodeView(other, { loadRatio: rest })]
  for (const userTag of ['one', 'two', 'three']) t.same(nodesOf([nodeView('a'), nodeView('b')], { room: 'r', userTag }), [home, other])
  t.equal(nodesOf(loaded(0.25), { room: 'r' })[0], home, '0.25 beside 0: at most 1.25 times the mean and a tenth')
  t.equal(nodesOf(loaded(0.30), { room: 'r' })[0], other)
  t.equal(nodesOf(loaded(0.85, 0.8), { room: 'r' })[0], home, 'both are full')
  t.equal(nodesOf([nodeView(home, { loadRatio: 0.5 }), nodeView(other, { region: 'us' })], { room: 'r', region: 'eu' })[0], home, 'none is sent out of its region for it')
  const idle = ['p', 'q', 'r', 's', 't'].map(id => nodeView(id, { region: 'us' }))
  t.equal(nodesOf([...loaded(0.4, 0.1), ...idle], { room: 'r', region: 'eu' })[0], home, 'nor is it hot beside nodes that are far away')
  t.same(fleetStep(plan(loaded(0), { room: 'r' }))?.remarks, ['room'])
})

t.test('an app kept to its regions gets no node elsewhere, not even when it is the only one', async t => {
  t.same(nodesOf([nodeView('a', { region: 'us' }), nodeView('b', { region: 'eu' })], { regions: ['eu'] }), ['b'])
  t.same(plan([nodeView('a', { region: 'us' })], { regions: ['eu'] }).map(({ provider }) => provider), ['static', 'stun'])
  t.same(nodesOf([nodeView('a', { region: 'us' }), nodeView('b', { region: 'ap' })], { regions: ['ap', 'us'], hintedRegion: 'eu' }), ['a', 'b'], 'where its client is says which of them is near')
})

t.test('an app without paid spill is sent to no provider that costs', async t => {
  t.same(plan([], {}, [...PROVIDERS]).map(({ provider }) => provider), ['cloudflare', 'twilio', 'static', 'stun'])
  t.same(plan([], { paidSpill: false }, [...PROVIDERS]).map(({ provider }) => provider), ['static', 'stun'])
})

const anyNode = fc.record({
  state: fc.constantFrom<NodeState>('up', 'up', 'up', 'degraded', 'unknown', 'down', 'unready', 'draining'),
  region: fc.constantFrom('eu', 'us', 'ap'),
  saturated: fc.boolean(),
  loadRatio: fc.double({ min: 0, max: 2, noNaN: true }),
  capacityBitsPerSecond: fc.constantFrom(0, 1e8, 1e9),
  weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  share: fc.double({ min: 0.1, max: 1, noNaN: true }),
  ways: fc.subarray(['udp', 'tls', 'tcp'] as const)
})
type AnyNode = typeof anyNode extends fc.Arbitrary<infer Value> ? Value : never
const view = (id: string, { ways, ...differs }: AnyNode) => nodeView(id, { ...differs, urls: ways.map(way => urlsOf(id)[way]) })
const anyNodes = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), anyNode), { selector: ([id]) => id, maxLength: 8 }).map(list => list.map(([id, node]) => view(id, node)))
const anyRequest = fc.record({
  app: fc.constantFrom('shop', 'chat'),
  userTag: fc.string(),
  room: fc.option(fc.string(), { nil: undefined }),
  region: fc.constantFrom('eu', 'us', 'mars', undefined),
  hintedRegion: fc.constantFrom('ap', undefined),
  regions: fc.subarray(['eu', 'us', 'ap']),
  paidSpill: fc.boolean()
})

t.test('whatever the fleet: at most two nodes and four URLs, none of a node that may not serve, the same answer for the same question', async t => {
  fc.assert(fc.property(anyNodes, anyRequest, fc.subarray([...PROVIDERS]), (nodes, request, available) => {
    const steps = decideRoute(request, snapshotOf(nodes, { policy }), available)
    const again = decideRoute({ ...request }, snapshotOf([...nodes].reverse(), { policy }), available)
    const { nodes: chosen = [], urls = [] } = fleetStep(steps) ?? {}
    return JSON.stringify(steps) === JSON.stringify(again) && chosen.length <= 2 && urls.flat().length <= 4 && urls.length === chosen.length &&
      urls.every((list, index) => list.length > 0 && list.every(url => chosen[index]?.urls.includes(url))) &&
      chosen.every(({ state, region }) => ['up', 'degraded', 'unknown'].includes(state) && (request.regions.length === 0 || request.regions.includes(region))) &&
      steps.every(({ provider }) => request.paidSpill || !['cloudflare', 'twilio'].includes(provider))
  }), { numRuns: 1000 })
})

t.test('whatever the fleet: the two that are picked are the first two of the whole order', async t => {
  fc.assert(fc.property(anyNodes, anyRequest, (nodes, request) => {
    const lane = laneOf(request, snapshotOf(nodes, { policy }))
    const ranked = rankNodes(request, lane)
    return JSON.stringify(pickTwo(request, lane)) === JSON.stringify(ranked.slice(0, 2)) && new Set(ranked.map(({ node }) => node.id)).size === ranked.length
  }), { numRuns: 1000 })
})

/**
 * How bad an answer is, each number before the next: provider, surety, saturation and distance of the first node, number
 * of nodes, and the ways to a relay it lacks. Where a room goes depends on how full the others are, so of its ways nothing
 * is promised. More URLs of a kind are not better: each costs a browser an allocation.
 */
function badness (steps: readonly Step[], request: Partial<RouteRequest>, available: readonly ProviderName[]): number[] {
  const [first] = steps
  const provider = first ? available.indexOf(first.provider) : available.length
  if (first?.provider !== 'coturn') return [provider]
  const near = request.region === undefined ? [] : [request.region, ...policy.neighbours.get(request.region) ?? []]
  const distances = first.nodes.map(({ region }) => near.includes(region) ? near.indexOf(region) : near.length)
  const urls = first.urls.flat()
  const lacks = (isThere: boolean) => isThere ? 0 : 1
  return [
    provider, lacks(first.reason !== 'unsure'), Number(first.nodes[0]?.saturated), distances[0] ?? 0, -first.nodes.length,
    ...request.room === undefined ? [/udp$/, /tcp$/, /^turns:/].map(way => lacks(urls.some(url => way.test(url)))) : []
  ]
}
/** Negative where the first is better. */
const compare = (a: number[], b: number[]): number => a.map((part, index) => part - (b[index] ?? 0)).find(difference => difference !== 0) ?? 0

t.test('whatever the fleet: a healthy node that joins makes no answer worse', async t => {
  const newcomer = anyNode.map(node => ({ ...node, state: 'up' as const, saturated: false, loadRatio: node.loadRatio / 3, ways: ['udp', 'tls', 'tcp'] as Array<'udp' | 'tls' | 'tcp'> }))
  fc.assert(fc.property(anyNodes, newcomer, anyRequest, fc.subarray([...PROVIDERS]), (nodes, joined, asked, available) => {
    const request = { ...asked, hintedRegion: undefined }
    const steps = (fleet: NodeView[]) => decideRoute(request, snapshotOf(fleet, { policy }), available)
    return compare(badness(steps([...nodes, view('newcomer', joined)]), request, available), badness(steps(nodes), request, available)) <= 0
  }), { numRuns: 3000 })
})

t.test('a node that joins, or weighs more, takes rooms over, and moves none between the others', async t => {
  const before = ['a', 'b', 'c'].map(id => nodeView(id))
  let moved = 0
  for (let index = 0; index < 400; index++) {
    const [old] = nodesOf(before, { room: `room ${index}` })
    const [joined] = nodesOf([...before, nodeView('d')], { room: `room ${index}` })
    const [heavier] = nodesOf([nodeView('a', { weight: 3 }), ...before.slice(1)], { room: `room ${index}` })
    if (joined !== old) moved += 1
    if (joined !== old && joined !== 'd') t.fail(`room ${index} went from ${old} to ${joined}`)
    if (heavier !== old && heavier !== 'a') t.fail(`room ${index} went from ${old} to ${heavier}`)
  }
  t.ok(moved > 60 && moved < 140, `a quarter of 400 rooms: ${moved}`)
})
