import fc from 'fast-check'
import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { changeNode, estimateEmptySeconds, noteClosed, showDrain } from '../../../services/policy/drain-node.ts'

const NOW = Date.UTC(2026, 10, 22, 10)
const serving = newDesired('0123456789abcdef')
const draining: DesiredNode = { ...serving, draining: { sinceMs: NOW - 100_000 } }
const closed: DesiredNode = { ...serving, draining: { sinceMs: NOW - 100_000, closed: { atMs: NOW - 60_000, sessions: 40 } } }
/** Of what an agent says, only this matters here. */
const facts = (desired: DesiredNode, observed: Partial<ObservedNode> | null): NodeFacts => ({ id: 'n', desired, observed: observed as ObservedNode | null })

t.test('half the sessions ended in a minute: the last of the 20 left is due after as many half-lives as they take on average', async t => {
  const rate = Math.log(2) / 60
  const harmonic20 = 3.5977396571436
  t.equal(estimateEmptySeconds(40, 20, 60_000), Math.ceil(harmonic20 / rate))
  t.equal(estimateEmptySeconds(4, 1, 60_000), Math.ceil(60 / Math.log(4)), 'one session lives as long as one does on average')
})

t.test('nothing is invented: no rate is told by fewer than three endings, by less than 30 s, or where sessions became more', async t => {
  t.equal(estimateEmptySeconds(40, 38, 3_600_000), null)
  t.type(estimateEmptySeconds(40, 37, 3_600_000), 'number')
  t.equal(estimateEmptySeconds(40, 20, 29_999), null)
  t.type(estimateEmptySeconds(40, 20, 30_000), 'number')
  t.equal(estimateEmptySeconds(40, 41, 3_600_000), null)
  t.equal(estimateEmptySeconds(40, 20, -1), null, 'a clock that was put back')
})

t.test('an empty node is empty, however it came to be', async t => {
  t.equal(estimateEmptySeconds(0, 0, 0), 0)
  t.equal(estimateEmptySeconds(40, 0, 5), 0)
})

t.test('the estimate is whole seconds above none, grows with what is left, and shrinks with the pace', async t => {
  const began = fc.integer({ min: 5, max: 4_000 })
  fc.assert(fc.property(began, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 30_000, max: 86_400_000 }), (began, share, watchedMs) => {
    const left = 1 + Math.floor(share * (began - 5))
    const estimate = estimateEmptySeconds(began, left, watchedMs) ?? NaN
    return Number.isInteger(estimate) && estimate > 0 &&
      estimate <= (estimateEmptySeconds(began, left + 1, watchedMs) ?? NaN) &&
      estimate <= (estimateEmptySeconds(began, left, watchedMs * 2) ?? NaN)
  }))
})

t.test('a drain is shown from when it was asked for, closed or not, with what is left', async t => {
  const since = '2026-11-22T09:58:20.000Z'
  t.equal(showDrain(facts(serving, { sessions: 3, admitting: true }), true, NOW), null)
  t.same(showDrain(facts(draining, { sessions: 3, admitting: true }), true, NOW), { since, applied: false, sessionsLeft: 3, emptyInSeconds: null })
  t.same(showDrain(facts(draining, { sessions: 3 }), true, NOW), { since, applied: false, sessionsLeft: 3, emptyInSeconds: null }, 'an agent that does not say it')
  t.same(showDrain(facts(closed, { sessions: 20, admitting: false }), true, NOW), { since, applied: true, sessionsLeft: 20, emptyInSeconds: estimateEmptySeconds(40, 20, 60_000) })
  t.same(showDrain(facts(closed, { sessions: 0, admitting: false }), true, NOW), { since, applied: true, sessionsLeft: 0, emptyInSeconds: 0 })
})

t.test('of a node whose agent is silent, or never spoke, nothing is known', async t => {
  const unknown = { since: '2026-11-22T09:58:20.000Z', applied: false, sessionsLeft: null, emptyInSeconds: null }
  t.same(showDrain(facts(closed, { sessions: 20, admitting: false }), false, NOW), unknown)
  t.same(showDrain(facts(closed, { sessions: 0, admitting: false }), false, NOW), unknown)
  t.same(showDrain(facts(draining, null), true, NOW), unknown)
})

t.test('when a node was first seen closed is written down once a drain', async t => {
  t.same(noteClosed(facts(draining, { sessions: 7, admitting: false }), NOW), { ...serving, draining: { sinceMs: NOW - 100_000, closed: { atMs: NOW, sessions: 7 } } })
  for (const node of [facts(serving, { sessions: 7, admitting: false }), facts(closed, { sessions: 7, admitting: false }), facts(draining, { sessions: 7, admitting: true }), facts(draining, { sessions: 7 }), facts(draining, null)]) {
    t.equal(noteClosed(node, NOW), undefined)
  }
})

t.test('only what is asked for changes', async t => {
  t.same(changeNode(serving, {}, NOW), serving)
  t.same(changeNode(serving, { weight: 2 }, NOW), { ...serving, weight: 2 })
  t.same(changeNode(serving, { capacityBitsPerSecond: 5 }, NOW), { ...serving, capacityBitsPerSecond: 5 })
  t.same(changeNode({ ...serving, capacityBitsPerSecond: 5 }, { weight: 3 }, NOW), { ...serving, weight: 3, capacityBitsPerSecond: 5 })
  t.same(changeNode({ ...serving, capacityBitsPerSecond: 5 }, { capacityBitsPerSecond: null }, NOW), serving)
  t.same(changeNode(closed, { weight: 2 }, NOW), { ...closed, weight: 2 })
})

t.test('a drain begins when it is asked for, goes on if it is asked for again, and leaves nothing behind', async t => {
  t.same(changeNode(serving, { draining: true }, NOW), { ...serving, draining: { sinceMs: NOW } })
  t.same(changeNode(closed, { draining: true }, NOW), closed)
  t.same(changeNode(closed, { draining: false }, NOW), serving)
  t.same(changeNode(serving, { draining: false }, NOW), serving)
})
