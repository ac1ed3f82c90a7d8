import fc from 'fast-check'
import t from 'tap'
import { indexApps } from '../../../services/domain/app.ts'
import { PROVIDERS } from '../../../services/domain/provider.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import type { RouteRequest } from '../../../services/policy/decide-route.ts'
import { explain } from '../../../services/policy/explain.ts'
import type { NodeState, NodeView, Snapshot } from '../../../services/policy/next-snapshot.ts'

const view = (id: string, changes: Partial<NodeView> = {}): NodeView =>
  ({ id, state: 'up', region: 'eu', urls: [], signingGeneration: 1, signingKeyId: '', loadRatio: 0, beat: 1, quietMs: 0, ...changes })
const snapshotOf = (nodes: NodeView[], differs: Partial<Snapshot> = {}): Snapshot =>
  ({ generation: 1, readAtMs: 0, outageSinceMs: undefined, nodes, appsAndKeys: indexApps('1', new Map(), new Map()), relayUse: new Map(), ...differs })
const requestOf = (differs: Partial<RouteRequest> = {}): RouteRequest => ({ userTag: 'u', regions: [], paidSpill: true, ...differs })
const verdicts = (nodes: NodeView[], request: Partial<RouteRequest> = {}) =>
  Object.fromEntries(explain(requestOf(request), snapshotOf(nodes), ['coturn', 'stun']).nodes.map(({ id, verdict }) => [id, verdict]))

t.test('of each node it says what became of it', async t => {
  t.same(verdicts([view('a'), view('b', { loadRatio: 0.5 }), view('c', { loadRatio: 0.7 }), view('d', { state: 'down' }), view('e', { state: 'unknown' }), view('f', { state: 'unready' }), view('g', { region: 'us' })], { regions: ['eu'] }),
    { a: 'chosen', b: 'chosen', c: 'outranked', d: 'down', e: 'unknown', f: 'unready', g: 'region_not_allowed' })
})

t.test('where no node is known to be well, the unknown ones are chosen among', async t => {
  t.same(verdicts([view('a', { state: 'unknown' }), view('b', { state: 'down' })]), { a: 'chosen', b: 'down' })
})

t.test('each score says what the node was ranked by', async t => {
  const { nodes } = explain(requestOf({ region: 'us' }), snapshotOf([view('a', { region: 'us', loadRatio: 0.95 }), view('b', { loadRatio: 0.34 })]), ['coturn'])
  t.match(nodes, [
    { id: 'a', region: 'us', state: 'up', loadRatio: 0.95, score: { elsewhere: false, crowded: true, loadTenths: 9, lot: /^[0-9a-f]{8}$/ }, verdict: 'chosen' },
    { id: 'b', score: { elsewhere: true, crowded: false, loadTenths: 3 }, verdict: 'chosen' }
  ])
  t.equal(explain(requestOf(), snapshotOf([view('a', { state: 'down' })]), ['coturn']).nodes[0]?.score, null)
})

t.test('a provider that is not tried has its reason', async t => {
  const { plan, skipped } = explain(requestOf({ paidSpill: false }), snapshotOf([]), PROVIDERS)
  t.same(plan, [{ provider: 'static', reason: 'fallback', nodes: [] }, { provider: 'stun', reason: 'last_resort', nodes: [] }])
  t.same(skipped, [{ provider: 'coturn', reason: 'no_node' }, { provider: 'cloudflare', reason: 'paid_spill_off' }, { provider: 'twilio', reason: 'paid_spill_off' }])
})

t.test('in an outage it says that it is decided on what was last read', async t => {
  t.equal(explain(requestOf(), snapshotOf([]), ['stun']).stale, false)
  t.equal(explain(requestOf(), snapshotOf([], { outageSinceMs: 1 }), ['stun']).stale, true)
})

const anyNodes = fc.uniqueArray(fc.record({
  id: fc.stringMatching(/^[a-z]{1,5}$/),
  state: fc.constantFrom<NodeState>('up', 'unknown', 'down', 'unready'),
  region: fc.constantFrom('eu', 'us'),
  loadRatio: fc.double({ min: 0, max: 2, noNaN: true })
}), { selector: ({ id }) => id, maxLength: 8 })
const anyRequest = fc.record({ userTag: fc.string(), room: fc.option(fc.string(), { nil: undefined }), region: fc.constantFrom('eu', 'us', undefined), regions: fc.subarray(['eu', 'us']), paidSpill: fc.boolean() })

t.test('whatever the fleet: the plan is the one that would be followed, every node is there once, and the chosen are its own', async t => {
  fc.assert(fc.property(anyNodes, anyRequest, fc.subarray([...PROVIDERS]), (some, request, available) => {
    const snapshot = snapshotOf(some.map(({ id, ...changes }) => view(id, changes)))
    const steps = decideRoute(request, snapshot, available)
    const { plan, skipped, nodes } = explain(request, snapshot, available)
    const planned = steps.flatMap(step => step.provider === 'coturn' ? step.nodes.map(({ id }) => id) : [])
    return JSON.stringify(plan.map(({ provider, reason }) => [provider, reason])) === JSON.stringify(steps.map(({ provider, reason }) => [provider, reason])) &&
      JSON.stringify([...plan, ...skipped].map(({ provider }) => provider).sort()) === JSON.stringify([...available].sort()) &&
      JSON.stringify(nodes.map(({ id }) => id).sort()) === JSON.stringify(some.map(({ id }) => id).sort()) &&
      JSON.stringify(nodes.filter(({ verdict }) => verdict === 'chosen').map(({ id }) => id)) === JSON.stringify(planned)
  }))
})
