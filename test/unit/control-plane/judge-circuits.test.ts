import t from 'tap'
import { openCircuits } from '../../../services/control-plane/judge-circuits.ts'
import { admit, fail, mayAsk, newCircuit, stateOf, STRIKES_TO_OPEN, succeed } from '../../../services/upstream/circuit.ts'
import type { Circuit } from '../../../services/upstream/circuit.ts'
import type { Failure } from '../../../services/upstream/upstream-error.ts'

const START_MS = 1_000_000
const viewOf = (circuit: Circuit, nowMs: number) => ({ state: stateOf(circuit, nowMs), mayAsk: mayAsk(circuit, nowMs), sinceMs: circuit.sinceMs, retryAtMs: circuit.mode === 'closed' ? null : circuit.retryAtMs, lastFailure: circuit.lastFailure })
const told = (circuit: Circuit, nowMs: number) => [...openCircuits(new Map([['twilio', () => viewOf(circuit, nowMs)]]))]
const failing = (kind: Failure, times = 1): Circuit => Array.from({ length: times }).reduce((circuit: Circuit) => fail(circuit, circuit.epoch, { kind, jitter: 0 }, START_MS), newCircuit(START_MS))

t.test('a provider that fails is told of from the moment it is left alone until a request may find out', async t => {
  t.same(told(newCircuit(START_MS), START_MS), [])
  t.same(told(failing('timeout', STRIKES_TO_OPEN - 1), START_MS), [])
  const open = failing('timeout', STRIKES_TO_OPEN)
  t.same(told(open, START_MS), [['twilio', { state: 'open', retryAtMs: open.retryAtMs, lastFailure: 'timeout' }]])
  t.equal(told(open, open.retryAtMs - 1).length, 1)
  t.same(told(open, open.retryAtMs), [], 'the next request gets a step, and finds out')
  const probing = admit(open)
  t.match(told(probing, open.retryAtMs), [['twilio', { state: 'half_open' }]], 'while it does, the others go elsewhere')
  t.same(told(succeed(probing, probing.epoch, open.retryAtMs), open.retryAtMs), [])
})

t.test('so is one that asks to be left alone, and one that refuses the account, until it is due again', async t => {
  for (const [kind, state] of [['rate_limited', 'open'], ['misconfigured', 'misconfigured']] as const) {
    const shut = failing(kind)
    t.match(told(shut, START_MS), [['twilio', { state, lastFailure: kind }]])
    t.same(told(shut, shut.retryAtMs), [], kind)
  }
})
