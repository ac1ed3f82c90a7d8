import fc from 'fast-check'
import t from 'tap'
import { isPaid } from '../../../services/domain/provider.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { noneEachStep } from '../../../services/domain/load-experience.ts'
import { decideRoute, hasRoomForOne } from '../../../services/policy/decide-route.ts'
import { expectLoad } from '../../../services/policy/expect-load.ts'
import { judgeRoom } from '../../../services/policy/judge-room.ts'
import type { Promised } from '../../../services/policy/keep-promises.ts'
import type { NodeView } from '../../../services/policy/view-node.ts'
import { nodeView, requestOf, snapshotOf } from '../../helpers/node-views.ts'

const ALL: ProviderName[] = ['coturn', 'cloudflare', 'twilio', 'static', 'stun']
/** A node of a gigabit, so full. */
const filled = (id: string, ratio: number, differs: Partial<NodeView> = {}): NodeView => nodeView(id, {
  loadRatio: ratio,
  saturated: ratio >= 0.9,
  room: judgeRoom({ capacityBitsPerSecond: 1e9, loadBitsPerSecond: ratio * 1e9, sessions: 0, maxAllocations: 0, unresolved: noneEachStep() }, expectLoad([])),
  ...differs
})
const told = (nodes: NodeView[], { promised = () => 0, outageSinceMs, available = ALL, paidSpill = true }: { promised?: Promised, outageSinceMs?: number, available?: ProviderName[], paidSpill?: boolean } = {}) =>
  decideRoute(requestOf({ paidSpill }), snapshotOf(nodes, outageSinceMs === undefined ? {} : { outageSinceMs }), available, promised)
    .map(step => [step.provider, step.reason, ...step.provider === 'coturn' ? step.nodes.map(({ id }) => id) : step.remarks].join(' '))

t.test('a fleet with room serves, and the node without is left out', async t => {
  t.equal(told([filled('a', 0.99), filled('b', 0.5)])[0], 'coturn healthy b')
  t.equal(told([filled('a', 0.99), filled('b', 0.93)])[0], 'coturn saturated b')
})

t.test('without room the excess goes to the others in their order, the own fleet behind them, and STUN alone last', async t => {
  t.same(told([filled('a', 0.99)]), ['cloudflare fallback fleet_full', 'twilio fallback fleet_full', 'static fallback fleet_full', 'coturn no_room a', 'stun last_resort fleet_full'])
  t.same(told([filled('a', 0.99)], { paidSpill: false, available: ['coturn', 'cloudflare', 'stun'] }), ['coturn no_room a', 'stun last_resort fleet_full'], 'an app that pays for none')
  t.same(told([filled('a', 0.99)], { available: ['coturn'] }), ['coturn no_room a'])
})

t.test('what was promised since the last heartbeat takes room', async t => {
  t.equal(told([filled('a', 0.5)], { promised: () => 1_000 })[0], 'coturn healthy a')
  t.equal(told([filled('a', 0.5)], { promised: () => 2_000 })[0], 'cloudflare fallback fleet_full')
})

t.test('a load that is not known is no reason to pay', async t => {
  t.equal(told([filled('a', 0.99, { room: undefined })])[0], 'coturn saturated a', 'its agent is silent')
  t.equal(told([filled('a', 0.99, { state: 'unknown' })])[0], 'coturn unsure a')
  t.equal(told([filled('a', 0.99)], { outageSinceMs: 1 })[0], 'coturn saturated a', 'Redis is away')
})

const node = fc.record({
  id: fc.constantFrom(...'abcdef'),
  region: fc.constantFrom('eu', 'us'),
  state: fc.constantFrom('up' as const, 'degraded' as const, 'unknown' as const, 'down' as const, 'draining' as const),
  ratio: fc.double({ min: 0, max: 1.2, noNaN: true })
}).map(({ id, region, state, ratio }) => filled(id, ratio, { region, state }))
const fleet = fc.uniqueArray(node, { selector: ({ id }) => id, maxLength: 6 })
const promises = fc.dictionary(fc.constantFrom(...'abcdef'), fc.nat({ max: 3_000 }))

t.test('never paid while any healthy own node has room; providers in their order; nothing twice', async t => {
  fc.assert(fc.property(fleet, promises, fc.shuffledSubarray(ALL.slice(1)), fc.boolean(), (nodes, counts, others, paidSpill) => {
    const available: ProviderName[] = ['coturn', ...others]
    const promised: Promised = id => counts[id] ?? 0
    const steps = decideRoute(requestOf({ paidSpill }), snapshotOf(nodes), available, promised)
    const hasRoom = nodes.some(one => (one.state === 'up' || one.state === 'degraded') && hasRoomForOne(one, promised))
    const names = steps.map(({ provider }) => provider)
    const elsewhere = names.filter(name => name !== 'coturn')
    return (!hasRoom || names[0] === 'coturn') &&
      new Set(names).size === names.length &&
      String(elsewhere) === String(others.filter(name => paidSpill || !isPaid(name))) &&
      steps.every(step => step.provider !== 'coturn' || step.reason === 'no_room' || step.nodes.every(one => one.state === 'unknown' || hasRoomForOne(one, promised)))
  }), { numRuns: 2_000 })
  t.pass('by 2,000 random fleets')
})
