import t from 'tap'
import type { UrlState } from '../../../services/domain/health.ts'
import type { NodeState } from '../../../services/domain/node-state.ts'
import { judgeNode } from '../../../services/policy/judge-node.ts'

const judge = (agent: 'content' | 'coturn silent' | 'silent', votes: string, differs: { isReady?: boolean, isDraining?: boolean, coturnAnswers?: boolean, coturnGone?: boolean } = {}): NodeState => judgeNode({
  isReady: true,
  isDraining: false,
  agentSpeaks: agent !== 'silent',
  coturnAnswers: agent !== 'coturn silent',
  coturnGone: false,
  votes: votes.split(' ').map(state => ({ state: state as UrlState })),
  ...differs
})

t.test('the truth table, row by row', async t => {
  for (const [agent, votes, state] of [
    ['coturn silent', 'good good', 'degraded'], ['coturn silent', 'bad good', 'degraded'], ['coturn silent', 'good unknown', 'degraded'],
    ['coturn silent', 'unknown unknown', 'down'], ['coturn silent', 'bad unknown', 'down'], ['coturn silent', 'bad bad', 'down'],
    ['content', 'bad bad', 'down'], ['content', 'bad', 'down'],
    ['content', 'bad good', 'degraded'], ['content', 'bad unknown', 'degraded'],
    ['content', 'good good', 'up'], ['content', 'good unknown', 'up'],
    ['content', 'unknown unknown', 'up'],
    ['silent', 'bad bad', 'down'],
    ['silent', 'good good', 'degraded'], ['silent', 'good bad', 'degraded'], ['silent', 'good unknown', 'degraded'],
    ['silent', 'unknown unknown', 'unknown'], ['silent', 'bad unknown', 'unknown']
  ] as const) t.equal(judge(agent, votes), state, `${agent}, ${votes}`)
})

t.test('what coturn last said through an agent that is silent by now counts for nothing', async t => {
  t.equal(judge('coturn silent', 'good', { coturnGone: true }), 'down', 'gone is more than slow')
  t.equal(judge('silent', 'good', { coturnGone: true }), 'degraded', 'as long as its agent speaks')
  t.equal(judge('silent', 'good', { coturnAnswers: false }), 'degraded')
  t.equal(judge('silent', 'unknown', { coturnAnswers: false }), 'unknown')
})

t.test('a node nobody could use yet is unready, whatever is said of it', async t => {
  for (const agent of ['content', 'coturn silent', 'silent'] as const) t.equal(judge(agent, 'bad good', { isReady: false, isDraining: true }), 'unready', agent)
})

t.test('a drain stands in place of every state that serves, and of no other', async t => {
  for (const [agent, votes, state] of [
    ['content', 'good', 'draining'], ['content', 'bad good', 'draining'], ['silent', 'unknown', 'draining'], ['silent', 'good', 'draining'], ['coturn silent', 'good', 'draining'],
    ['content', 'bad', 'down'], ['coturn silent', 'unknown', 'down'], ['silent', 'bad', 'down']
  ] as const) t.equal(judge(agent, votes, { isDraining: true }), state, `${agent}, ${votes}`)
})
