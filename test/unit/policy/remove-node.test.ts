import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { reasonToKeep } from '../../../services/policy/remove-node.ts'

const serving = newDesired('0123456789abcdef')
const draining: DesiredNode = { ...serving, draining: { sinceMs: 1 } }
const empty: Partial<ObservedNode> = { coturnVersion: '4.18.0', sessions: 0, admitting: false, outboxPending: 0 }
const facts = (desired: DesiredNode, observed: Partial<ObservedNode> | null): NodeFacts => ({ id: 'eu-1', desired, observed: observed as ObservedNode | null })
const all = { batches: 0, sessions: 0 }

t.test('a node that was drained, is empty and booked may go, though its agent speaks', async t => {
  t.equal(reasonToKeep(facts(draining, empty), true, all), undefined)
  t.equal(reasonToKeep(facts(draining, { ...empty, outboxPending: 3 }), true, all), undefined, 'what is just under way is no backlog')
})

t.test('otherwise the answer says what to do next', async t => {
  t.match(reasonToKeep(facts(serving, empty), true, all), /^node "eu-1" is up: drain it first, PATCH \/admin\/v1\/nodes\/eu-1 with \{"draining": true\}/)
  t.match(reasonToKeep(facts(draining, { ...empty, admitting: true }), true, all), /^coturn of node "eu-1" still takes new allocations/)
  const { admitting: _, ...older } = empty
  t.match(reasonToKeep(facts(draining, older), true, all), /still takes new allocations/, 'an agent that does not say it')
  t.match(reasonToKeep(facts(draining, { ...empty, sessions: 12 }), true, all), /^12 sessions left on node "eu-1".*\/kick/)
  t.match(reasonToKeep(facts(draining, empty), true, { batches: 0, sessions: 4 }), /^4 sessions of node "eu-1" are not booked to their end/)
  t.match(reasonToKeep(facts(draining, empty), true, { batches: 2, sessions: 0 }), /^2 batches of usage of node "eu-1" are not booked yet/)
  t.match(reasonToKeep(facts(draining, { ...empty, outboxPending: 50 }), true, { batches: 2, sessions: 0 }), /^50 batches of usage/)
})

t.test('a node that is gone may go, drained or not, once what reached the centre is booked', async t => {
  const busy = { ...empty, sessions: 9, admitting: true, outboxPending: 50 }
  for (const [what, node, heard] of [['silent', facts(serving, busy), false], ['never seen', facts(serving, null), true], ['its coturn stopped', facts(serving, { ...busy, coturnVersion: null, outboxPending: 0 }), true]] as const) {
    t.equal(reasonToKeep(node, heard, { batches: 0, sessions: 9 }), undefined, what)
    t.match(reasonToKeep(node, heard, { batches: 1, sessions: 0 }), /^1 batches of usage/, what)
  }
  t.match(reasonToKeep(facts(serving, { ...busy, coturnVersion: null }), true, all), /^50 batches/, 'an agent that speaks has still to ship')
})
