import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import type { ProberView } from '../../../services/policy/count-votes.ts'
import { contentProbers, reasonToKeep } from '../../../services/policy/remove-node.ts'
import type { NodeWitness } from '../../../services/policy/remove-node.ts'
import { healthOf, TCP, TIMEOUT, UDP } from '../../helpers/node-facts.ts'

const serving = newDesired('0123456789abcdef')
const draining: DesiredNode = { ...serving, draining: { sinceMs: 1 } }
const empty: Partial<ObservedNode> = { coturnVersion: '4.18.0', sessions: 0, admitting: false, outboxPending: 0 }
const facts = (desired: DesiredNode, observed: Partial<ObservedNode> | null): NodeFacts => ({ id: 'eu-1', desired, observed: observed as ObservedNode | null })
const heard: NodeWitness = { agentSpeaks: true, content: [], batches: 0, sessions: 0 }
const silent: NodeWitness = { ...heard, agentSpeaks: false }

t.test('a node that was drained, is empty and booked may go, though its agent speaks', async t => {
  t.equal(reasonToKeep(facts(draining, empty), heard), undefined)
  t.equal(reasonToKeep(facts(draining, { ...empty, outboxPending: 3 }), heard), undefined, 'what is just under way is no backlog')
})

t.test('otherwise the answer says what to do next', async t => {
  t.match(reasonToKeep(facts(serving, empty), heard), /^node "eu-1" is up: drain it first, PATCH \/admin\/v1\/nodes\/eu-1 with \{"draining": true\}/)
  t.match(reasonToKeep(facts(draining, { ...empty, admitting: true }), heard), /^coturn of node "eu-1" still takes new allocations/)
  const { admitting: _, ...older } = empty
  t.match(reasonToKeep(facts(draining, older), heard), /still takes new allocations/, 'an agent that does not say it')
  t.match(reasonToKeep(facts(draining, { ...empty, sessions: 12 }), heard), /^12 sessions left on node "eu-1".*\/kick/)
  t.match(reasonToKeep(facts(draining, empty), { ...heard, sessions: 4 }), /^4 sessions of node "eu-1" are not booked to their end/)
  t.match(reasonToKeep(facts(draining, empty), { ...heard, batches: 2 }), /^2 batches of usage of node "eu-1" are not booked yet/)
  t.match(reasonToKeep(facts(draining, { ...empty, outboxPending: 50 }), { ...heard, batches: 2 }), /^50 batches of usage/)
})

t.test('probers that find a drained and empty node well do not keep it: they see that its coturn runs', async t => {
  t.equal(reasonToKeep(facts(draining, empty), { ...heard, content: ['p'] }), undefined)
})

t.test('a node that is gone may go, once what reached the centre is booked', async t => {
  const busy = { ...empty, sessions: 9, admitting: true, outboxPending: 50 }
  for (const [what, node, witness] of [['silent', facts(serving, busy), silent], ['never came', facts(serving, null), heard], ['its coturn stopped', facts(serving, { ...busy, coturnVersion: null, outboxPending: 0 }), heard]] as const) {
    t.equal(reasonToKeep(node, witness), undefined, what)
    t.match(reasonToKeep(node, { ...witness, batches: 1 }), /^1 batches of usage/, what)
  }
  t.match(reasonToKeep(facts(serving, { ...busy, coturnVersion: null }), heard), /^50 batches/, 'an agent that speaks has still to ship')
})

t.test('one that only its agent gives up is not gone: who tried it, and open sessions, speak for it', async t => {
  for (const [what, observed, witness] of [['silent', empty, silent], ['coturn silent', { ...empty, coturnVersion: null }, heard]] as const) {
    for (const desired of [serving, draining]) t.match(reasonToKeep(facts(desired, observed), { ...witness, content: ['p', 'q'] }), /^node "eu-1" still relays, as p, q found: .*\?force=true/, what)
    t.match(reasonToKeep(facts(serving, observed), { ...witness, sessions: 9 }), /^9 sessions of node "eu-1" are open in the ledger: .*\?force=true/, what)
    t.equal(reasonToKeep(facts(draining, observed), { ...witness, sessions: 9 }), undefined, `${what}, and it was drained`)
  }
})

t.test('of a node the snapshot does not have yet nobody knows', async t => {
  for (const node of [facts(serving, null), facts(draining, empty)]) t.match(reasonToKeep(node, { ...heard, agentSpeaks: undefined }), /^it is not known yet whether node "eu-1" is alive: try again/)
})

t.test('content are probers with a vote that find any URL good', async t => {
  const prober = (name: string, differs: Partial<ProberView> = {}): ProberView => ({ name, beat: 1, quietMs: 0, isHeard: true, reaches: true, ...differs })
  const health = new Map([
    ['all', healthOf({ [UDP]: 'good', [TCP]: 'good' })], ['some', healthOf({ [UDP]: 'bad', [TCP]: 'good' })],
    ['none', healthOf({ [UDP]: 'bad', [TCP]: 'unknown' }, TIMEOUT)], ['dead', healthOf({ [UDP]: 'good' })], ['blind', healthOf({ [UDP]: 'good' })]
  ])
  t.same(contentProbers(health, [prober('all'), prober('some'), prober('none'), prober('dead', { quietMs: 60_000 }), prober('blind', { reaches: false }), prober('unheard')]), ['all', 'some'])
  t.same(contentProbers(health, []), [])
})
