import fc from 'fast-check'
import t from 'tap'
import { indexApps } from '../../../services/domain/app.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import type { RouteRequest } from '../../../services/policy/decide-route.ts'
import type { NodeState, NodeView, Snapshot } from '../../../services/policy/next-snapshot.ts'
import { pickUrls } from '../../../services/policy/pick-urls.ts'

const view = (id: string, changes: Partial<NodeView> = {}): NodeView => ({
  id, state: 'up', region: 'eu', urls: [], signingGeneration: 1, signingKeyId: 'k', loadRatio: 0, beat: 1, quietMs: 0, ...changes
})
const snapshotOf = (nodes: NodeView[]): Snapshot =>
  ({ generation: 1, readAtMs: 0, outageSinceMs: undefined, nodes, appsAndKeys: indexApps('1', new Map(), new Map()), relayUse: new Map() })
const requestOf = (request: Partial<RouteRequest>): RouteRequest => ({ userTag: 'u', regions: [], paidSpill: true, ...request })
const plan = (nodes: NodeView[], request: Partial<RouteRequest> = {}, available: ProviderName[] = ['coturn', 'static', 'stun']) =>
  decideRoute(requestOf(request), snapshotOf(nodes), available)
const nodesOf = (nodes: NodeView[], request = {}): string[] => {
  const [step] = plan(nodes, request)
  return step?.provider === 'coturn' ? step.nodes.map(({ id }) => id) : []
}

t.test('the configured order, less a fleet that cannot serve', async t => {
  t.same(plan([view('a')]).map(({ provider, reason }) => [provider, reason]), [['coturn', 'healthy'], ['static', 'fallback'], ['stun', 'last_resort']])
  t.same(plan([view('a')], {}, ['static', 'coturn']).map(({ provider }) => provider), ['static', 'coturn'])
  t.same(plan([]).map(({ provider }) => provider), ['static', 'stun'], 'no node at all')
  t.same(plan([view('a', { state: 'down' }), view('b', { state: 'unready' })]).map(({ provider }) => provider), ['static', 'stun'])
})

t.test('what is unknown is used when nothing is known to be well, and the reason says so', async t => {
  t.match(plan([view('a', { state: 'unknown' })])[0], { provider: 'coturn', reason: 'unsure' })
  t.same(nodesOf([view('a', { state: 'unknown' }), view('b')]), ['b'])
})

t.test('the region asked for comes first, elsewhere second', async t => {
  t.same(nodesOf([view('a', { region: 'us' }), view('b', { region: 'eu' })], { region: 'us' }), ['a', 'b'])
  t.same(nodesOf([view('a', { region: 'us' }), view('b', { region: 'eu' })], { region: 'eu' }), ['b', 'a'])
})

t.test('of a single user the least loaded node, of a room one node for all unless it is crowded', async t => {
  t.equal(nodesOf([view('a', { loadRatio: 0.6 }), view('b', { loadRatio: 0.1 })])[0], 'b')
  const [home, other] = nodesOf([view('a'), view('b')], { room: 'r' })
  const loaded = (ratio: number) => [view(home ?? '', { loadRatio: ratio }), view(other ?? '')]
  t.equal(nodesOf(loaded(0.6), { room: 'r', userTag: 'someone else' })[0], home)
  t.equal(nodesOf(loaded(0.95), { room: 'r' })[0], other)
})

t.test('an app kept to its regions gets no node elsewhere, not even when it is the only one', async t => {
  t.same(nodesOf([view('a', { region: 'us' }), view('b', { region: 'eu' })], { regions: ['eu'] }), ['b'])
  t.same(plan([view('a', { region: 'us' })], { regions: ['eu'] }).map(({ provider }) => provider), ['static', 'stun'])
})

t.test('an app without paid spill is sent to no provider that costs', async t => {
  const order: ProviderName[] = ['coturn', 'cloudflare', 'twilio', 'static', 'stun']
  t.same(plan([], {}, order).map(({ provider }) => provider), ['cloudflare', 'twilio', 'static', 'stun'])
  t.same(plan([], { paidSpill: false }, order).map(({ provider }) => provider), ['static', 'stun'])
})

const anyNodes = fc.uniqueArray(fc.record({
  id: fc.stringMatching(/^[a-z]{1,5}$/),
  state: fc.constantFrom<NodeState>('up', 'unknown', 'down', 'unready'),
  region: fc.constantFrom('eu', 'us'),
  loadRatio: fc.double({ min: 0, max: 2, noNaN: true })
}), { selector: ({ id }) => id, maxLength: 8 })

t.test('whatever the fleet: at most two nodes, none that is dead, the same answer for the same question in any order', async t => {
  fc.assert(fc.property(anyNodes, fc.record({ userTag: fc.string(), room: fc.option(fc.string(), { nil: undefined }), region: fc.constantFrom('eu', 'us', undefined), regions: fc.subarray(['eu', 'us']) }), (some, request) => {
    const nodes = some.map(({ id, ...changes }) => view(id, changes))
    const steps = decideRoute(requestOf(request), snapshotOf(nodes), ['coturn', 'stun'])
    const reversed = decideRoute(requestOf(request), snapshotOf([...nodes].reverse()), ['coturn', 'stun'])
    const chosen = steps.flatMap(step => step.provider === 'coturn' ? step.nodes : [])
    return JSON.stringify(steps) === JSON.stringify(reversed) && chosen.length <= 2 &&
      chosen.every(({ state, region }) => (state === 'up' || state === 'unknown') && (request.regions.length === 0 || request.regions.includes(region))) && steps.at(-1)?.provider === 'stun'
  }))
})

t.test('a node that joins takes rooms over, and moves none between the others', async t => {
  const before = ['a', 'b', 'c'].map(id => view(id))
  for (let index = 0; index < 200; index++) {
    const [old] = nodesOf(before, { room: `room ${index}` })
    const [now] = nodesOf([...before, view('d')], { room: `room ${index}` })
    if (now !== old) t.equal(now, 'd')
  }
})

const UDP = 'turn:a:3478?transport=udp'
const TCP = 'turn:a:3478?transport=tcp'
const TLS = 'turns:a:443?transport=tcp'
t.test('the URLs of a reply', async t => {
  t.same(pickUrls([]), [])
  t.same(pickUrls([[UDP, TCP]]), [[UDP, TCP]])
  t.same(pickUrls([[TCP, TLS, UDP]]), [[UDP, TLS, TCP]], 'udp first, tls before tcp')
  t.same(pickUrls([[UDP, TCP, TLS], [UDP, TCP]]), [[UDP, TLS], [UDP]])
  t.same(pickUrls([[UDP], [TCP]]), [[UDP], [TCP]], 'what the second node has')
  fc.assert(fc.property(fc.array(fc.array(fc.constantFrom(UDP, TCP, TLS), { maxLength: 9 }), { maxLength: 2 }), nodes => pickUrls(nodes).flat().length <= 4))
})
