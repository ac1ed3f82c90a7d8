import fc from 'fast-check'
import t from 'tap'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import type { NodeReason } from '../../../services/domain/node-state.ts'
import type { Health } from '../../../services/policy/count-votes.ts'
import { DEFAULT_POLICY } from '../../../services/policy/settings.ts'
import { FIRST_SHARE, viewNode } from '../../../services/policy/view-node.ts'
import { expectLoad } from '../../../services/policy/expect-load.ts'
import type { NodeView } from '../../../services/policy/view-node.ts'
import { healthOf, nodeFacts, TCP, TIMEOUT, UDP } from '../../helpers/node-facts.ts'

const NONE: Health = new Map()
const STEP_MS = 1000
interface Seen { facts: NodeFacts, health?: Health, isFirst?: boolean, isSteady?: boolean, elapsedMs?: number }
/** A node after one read and the next, a second apart; it was there before any of them, unless one says otherwise. */
const after = (...seen: Seen[]): NodeView => seen.reduce<NodeView | undefined>((before, { facts, health = NONE, isFirst = before === undefined, isSteady = true, elapsedMs = STEP_MS }, index) =>
  viewNode(facts, health, before, { nowMs: index * STEP_MS, elapsedMs, isFirst, isSteady }, DEFAULT_POLICY, expectLoad([])), undefined) as NodeView
/** Its probers have spoken since it was first seen. */
const one = (observed: Partial<ObservedNode> | null = {}, desired: Partial<DesiredNode> = {}, health = NONE) => {
  const facts = nodeFacts('n', observed, desired)
  return after({ facts }, { facts, health })
}
const kindsOf = ({ reasons }: NodeView) => reasons.map(({ kind }) => kind)
const reasonOf = <Kind extends NodeReason['kind']>(view: NodeView, kind: Kind) => view.reasons.find(reason => reason.kind === kind)
const saying = (udp: 'good' | 'bad', tcp: 'good' | 'bad', differs = {}): Health => new Map([['p', healthOf({ [UDP]: udp, [TCP]: tcp }, TIMEOUT, differs)]])

t.test('state and reasons of a node', async t => {
  for (const [what, view, state, kinds] of [
    ['probed and well', one({}, {}, saying('good', 'good')), 'up', []],
    ['not probed', one(), 'up', ['not_probed']],
    ['no agent', one(null), 'unready', ['no_agent']],
    ['coturn does not answer', one({ coturnVersion: null }), 'down', ['coturn_silent', 'not_probed']],
    ['coturn does not answer, but relays', one({ coturnVersion: null }, {}, saying('good', 'good')), 'degraded', ['coturn_silent', 'slow_start']],
    ['no secret to sign with', one({ generationsApplied: [] }), 'unready', ['no_generation', 'not_probed']],
    ['none of the wanted ones', one({ generationsApplied: [2] }), 'unready', ['no_generation', 'not_probed']],
    ['no URL', one({ urls: [] }, {}, saying('good', 'good')), 'unready', ['no_url']],
    ['no URL a browser takes', one({ urls: ['turn:n:53?transport=udp', 'stun:n:3478', 'turn:n?transport=sctp'] }), 'unready', ['no_url', 'not_probed']],
    ['drained', one({}, { draining: { sinceMs: 7 } }, saying('good', 'good')), 'draining', ['draining']],
    ['a drain that has ended a moment ago', one({ admitting: false }, {}, saying('good', 'good')), 'draining', ['reopening']],
    ['drained and dead', one({ coturnVersion: null }, { draining: { sinceMs: 7 } }), 'down', ['coturn_silent', 'draining', 'not_probed']],
    ['bad all over', one({}, {}, saying('bad', 'bad')), 'down', ['url_bad', 'url_bad']],
    ['a prober cut off', one({}, {}, saying('bad', 'bad', { reaches: false })), 'up', ['not_probed']]
  ] as const) {
    t.equal(view.state, state, what)
    t.same(kindsOf(view), kinds, what)
  }
  t.same(reasonOf(one({}, {}, saying('bad', 'bad', { reaches: false })), 'not_probed'), { kind: 'not_probed', silent: [], blind: ['p'], unheard: [] })
})

t.test('what a dead prober said days ago is nothing to a replica that starts; what a live one says is, as soon as it speaks', async t => {
  const facts = nodeFacts('n')
  const old = { facts, health: saying('bad', 'bad') }
  const found = after(old, old)
  t.match(found, { state: 'up', urls: [UDP, TCP] })
  t.same(found.reasons, [{ kind: 'not_probed', silent: [], blind: [], unheard: ['p'] }])
  t.equal(after(old, old, { facts, health: saying('bad', 'bad', { beat: 8 }) }).state, 'down')
  const silent = after(...Array.from({ length: 17 }, (_, beat) => ({ ...old, facts: nodeFacts('n', { beat }) })))
  t.match(silent, { state: 'up', reasons: [{ kind: 'not_probed', silent: ['p'], blind: [], unheard: [] }] })
})

t.test('a bad URL is left out and named with what was found; a stranger among the URLs is dropped', async t => {
  const view = one({ urls: [UDP, 'turn:n:53?transport=udp', TCP, UDP] }, {}, saying('bad', 'good'))
  t.match(view, { state: 'degraded', urls: [TCP], badUrls: [UDP] })
  t.same(view.reasons, [{ kind: 'url_bad', url: UDP, ...TIMEOUT, vantages: ['p'], voters: 1 }])
})

t.test('it signs with the newest generation the node has confirmed, never one it has not', async t => {
  const signing = (applied: number[], generations: number[]) => one({ generationsApplied: applied }, { generations }).signingGeneration
  t.equal(signing([1], [1, 2]), 1)
  t.equal(signing([1, 2], [1, 2]), 2)
  t.equal(signing([1, 2, 3], [1, 2]), 2, 'nor one that is wanted no more')
  const keyOf = (applied: number[]) => one({ generationsApplied: applied }, { generations: [1, 2, 3], nodeKeys: [{ from: 1, id: 'old' }, { from: 3, id: 'new' }] }).signingKeyId
  t.same([[1], [1, 2], [1, 2, 3]].map(keyOf), ['old', 'old', 'new'], 'and knows which node key that derives from')
})

t.test('load is the larger share of bandwidth and sessions, capacity as wished or else as observed', async t => {
  t.match(one({ loadBitsPerSecond: 250, sessions: 1 }), { bandwidthRatio: 0.25, sessionsRatio: 0.1, loadRatio: 0.25, capacityBitsPerSecond: 1000 })
  t.match(one({ loadBitsPerSecond: 250, sessions: 9 }), { loadRatio: 0.9, saturated: true })
  t.match(one({ loadBitsPerSecond: 250 }, { capacityBitsPerSecond: 500 }), { loadRatio: 0.5, capacityBitsPerSecond: 500 })
  t.match(one({ capacityBitsPerSecond: 0 }), { loadRatio: 1 }, 'a node that can carry nothing is full')
  t.match(one({ maxAllocations: 0, sessions: 5 }), { sessionsRatio: 0 }, 'without a limit no number is many')
  t.equal(one({}, { weight: 3 }).weight, 3)
})

t.test('saturated at 0.90, not before; over at 0.75, not before, and not within the dwell', async t => {
  const at = (...loads: number[]) => after(...loads.map(loadBitsPerSecond => ({ facts: nodeFacts('n', { loadBitsPerSecond }), elapsedMs: DEFAULT_POLICY.dwellMs / 3 })))
  t.same([899, 900].map(load => at(load).saturated), [false, true])
  t.equal(at(900, 700, 700).saturated, true, 'two thirds of the dwell')
  t.equal(at(900, 700, 700, 700).saturated, false, 'all of it')
  t.equal(at(900, 751, 751, 751, 751).saturated, true)
  t.equal(at(900, 750, 750, 750, 950, 950).saturated, false, 'nor back in within the next')
  t.equal(at(900, 750, 750, 750, 950, 950, 950).saturated, true)
  t.same(reasonOf(at(950), 'saturated'), { kind: 'saturated', loadRatio: 0.95 })
})

t.test('whatever the load: at most two changes a crossing, each a dwell apart, and none is missed', async t => {
  const anyLoad = fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 700, max: 950 }))
  const runs = fc.array(fc.record({ load: anyLoad, seconds: fc.integer({ min: 1, max: 45 }) }), { minLength: 1, maxLength: 40 })
  fc.assert(fc.property(runs, list => {
    const { enter, leave, dwellMs } = DEFAULT_POLICY
    let [view, changes, crossings, sinceMs, ratio, steadyMs]: [NodeView | undefined, number, number, number, number, number] = [undefined, 0, 0, Infinity, 0, 0]
    for (const { load, seconds } of list) {
      for (let second = 0; second < seconds; second++) {
        const before: NodeView | undefined = view
        view = viewNode(nodeFacts('n', { loadBitsPerSecond: load }), NONE, before, { nowMs: 0, elapsedMs: STEP_MS, isFirst: before === undefined, isSteady: true }, DEFAULT_POLICY, expectLoad([]))
        if (ratio < enter && view.loadRatio >= enter) crossings += 1
        steadyMs = view.loadRatio === ratio ? steadyMs + STEP_MS : 0
        ratio = view.loadRatio
        sinceMs += STEP_MS
        if (view.saturated !== (before?.saturated ?? false)) {
          if (sinceMs < dwellMs || changes >= 2 * crossings) return false
          changes += 1
          sinceMs = 0
        }
        // a load that stays beyond a threshold for a dwell is on its side of it
        if (steadyMs >= dwellMs && ((ratio >= enter && !view.saturated) || (ratio <= leave && view.saturated))) return false
      }
    }
    return changes <= 2 * crossings
  }))
})

t.test('a new node starts with a tenth and has its whole share after the ramp', async t => {
  const facts = nodeFacts('n')
  const shares = (seconds: number) => after({ facts, isFirst: false }, ...Array.from({ length: seconds }, () => ({ facts }))).share
  t.equal(shares(0), FIRST_SHARE)
  t.ok(Math.abs(shares(30) - 0.55) < 1e-9, `half way: ${shares(30)}`)
  t.ok(shares(59) < 1)
  t.equal(shares(60), 1)
  t.equal(shares(300), 1)
  t.same(reasonOf(after({ facts, isFirst: false }), 'slow_start'), { kind: 'slow_start', share: FIRST_SHARE })
  t.equal(after({ facts }).share, 1, 'what a replica finds well when it starts is not new')
})

t.test('what heals starts slowly as well; what was never away does not', async t => {
  const [up, down, drained, unready] = [nodeFacts('n'), nodeFacts('n', { coturnVersion: null }), nodeFacts('n', {}, { draining: { sinceMs: 0 } }), nodeFacts('n', null)]
  for (const [what, away] of [['down', down], ['drained', drained], ['unready', unready]] as const) {
    t.equal(after({ facts: up }, { facts: away }).share, 0, what)
    t.equal(after({ facts: up }, { facts: away }, { facts: up }).share, FIRST_SHARE, what)
  }
  t.equal(after({ facts: up }, { facts: nodeFacts('n', { beat: 2, boot: 'another' }) }).share, FIRST_SHARE, 'a coturn that was started anew, however fast')
  t.equal(after({ facts: up }, ...Array.from({ length: 20 }, () => ({ facts: up })), { facts: nodeFacts('n', { beat: 2 }) }).share, 1, 'an agent that was silent')
  t.equal(after({ facts: up }, { facts: up, health: saying('bad', 'good') }, { facts: up }).share, 1, 'a URL that came and went')
})

t.test('the clock of a node is compared when a heartbeat is seen to arrive', async t => {
  const AHEAD_MS = 300_000
  const [old, now] = [nodeFacts('n', { beat: 1, clockMs: -3_600_000 }), nodeFacts('n', { beat: 2, clockMs: AHEAD_MS })]
  t.equal(after({ facts: old }).clockSkewMs, null, 'one found at the start may be of any age')
  t.equal(after({ facts: old }, { facts: old }).clockSkewMs, null)
  const skewed = after({ facts: old }, { facts: now })
  t.match(skewed, { state: 'up', quietMs: 0, clockSkewMs: AHEAD_MS - STEP_MS })
  t.same(reasonOf(skewed, 'clock_skew'), { kind: 'clock_skew', skewMs: AHEAD_MS - STEP_MS })
  t.equal(after({ facts: old }, { facts: now }, { facts: now }).clockSkewMs, AHEAD_MS - STEP_MS, 'and kept until the next')
  t.equal(after({ facts: old }, { facts: now, isSteady: false }).clockSkewMs, null, 'behind an outage it may have waited')
  t.equal(reasonOf(after({ facts: old }, { facts: nodeFacts('n', { beat: 2, clockMs: STEP_MS + 10_000 }) }), 'clock_skew'), undefined, 'ten seconds are nothing')
  t.equal(after({ facts: nodeFacts('n', null) }, { facts: nodeFacts('n', { clockMs: -20_000 }) }).clockSkewMs, -20_000 - STEP_MS, 'the first of a new node')
})
