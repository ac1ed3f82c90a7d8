import fc from 'fast-check'
import t from 'tap'
import { admit, CIRCUIT_STATES, fail, mayAsk, newCircuit, stateOf, STRIKES_TO_OPEN, succeed } from '../../../services/upstream/circuit.ts'
import type { Circuit } from '../../../services/upstream/circuit.ts'
import type { Failure } from '../../../services/upstream/upstream-error.ts'

const T0 = 1_000_000
/** One request that fails at once. */
const strike = (circuit: Circuit, kind: Failure, nowMs: number, retryAfterMs?: number, jitter = 0): Circuit => {
  const admitted = admit(circuit)
  return fail(admitted, admitted.epoch, { kind, retryAfterMs, jitter }, nowMs)
}
const strikes = (count: number, kind: Failure, nowMs: number): Circuit => {
  let circuit = newCircuit(T0)
  for (let struck = 0; struck < count; struck++) circuit = strike(circuit, kind, nowMs)
  return circuit
}

t.test('what fails five times in a row is left alone for five seconds, then one request finds out', async t => {
  const almost = strikes(STRIKES_TO_OPEN - 1, 'timeout', T0)
  t.equal(stateOf(almost, T0), 'closed')
  const open = strike(almost, 'server_error', T0 + 10)
  t.match(open, { mode: 'open', sinceMs: T0 + 10, retryAtMs: T0 + 5_010, lastFailure: { kind: 'server_error', atMs: T0 + 10 } })
  t.notOk(mayAsk(open, T0 + 5_009))
  t.equal(stateOf(open, T0 + 5_010), 'half_open')
  t.ok(mayAsk(open, T0 + 5_010))

  const probing = admit(open)
  t.notOk(mayAsk(probing, T0 + 5_010), 'one, and no more')
  const again = fail(probing, probing.epoch, { kind: 'timeout', jitter: 0 }, T0 + 6_000)
  t.match(again, { mode: 'open', sinceMs: T0 + 10, retryAtMs: T0 + 16_000 }, 'twice as long, and open since it was opened')
  const second = admit(again)
  const closed = succeed(second, second.epoch, T0 + 17_000)
  t.match(closed, { mode: 'closed', sinceMs: T0 + 17_000, openings: 0, strikes: 0, lastFailure: { kind: 'timeout' } })
  t.equal(strike(strikes(0, 'timeout', T0), 'timeout', T0).mode, 'closed', 'and it begins anew')
})

t.test('failures that successes outweigh do not open it, those that outweigh them do', async t => {
  const run = (pattern: string): Circuit => {
    let circuit = newCircuit(T0)
    for (const each of pattern) {
      if (circuit.mode !== 'closed') break
      circuit = each === 'x' ? strike(circuit, 'bad_reply', T0) : succeed(circuit, circuit.epoch, T0)
    }
    return circuit
  }
  t.equal(run('xo'.repeat(1_000)).mode, 'closed')
  t.equal(run('xxxxo'.repeat(2)).mode, 'open')
  t.equal(run('ooooooooxxxx').mode, 'closed', 'good days are not saved up, nor needed')
  t.equal(run('ooooooooxxxxx').mode, 'open')
})

t.test('it waits no longer than a minute, spread by a fifth', async t => {
  let circuit = strikes(STRIKES_TO_OPEN, 'timeout', T0)
  const waits: number[] = []
  for (let probe = 0; probe < 12; probe++) {
    const nowMs = circuit.retryAtMs
    circuit = strike(circuit, 'timeout', nowMs, undefined, 0.999_999)
    waits.push(circuit.retryAtMs - nowMs)
  }
  t.same(waits.slice(0, 5), [12_000, 24_000, 48_000, 72_000, 72_000])
  t.equal(waits.at(-1), 72_000)
})

t.test('a 429 opens it at once, for as long as the provider asks within five minutes', async t => {
  const after = (retryAfterMs: number | undefined, jitter = 0): number => strike(newCircuit(T0), 'rate_limited', T0, retryAfterMs, jitter).retryAtMs - T0
  t.equal(after(7_000), 7_000)
  t.equal(after(7_000, 0.5), 7_700, 'never earlier, a little later')
  t.equal(after(0), 1_000, 'none at all is not believed')
  t.equal(after(86_400_000), 300_000)
  t.equal(after(undefined), 1_000)
  const twice = strike(strike(newCircuit(T0), 'rate_limited', T0), 'rate_limited', T0 + 1_000)
  t.equal(twice.retryAtMs - T0, 3_000, 'without a word of it twice as long each time')
})

t.test('a refused account is asked once a minute, and is known as such meanwhile', async t => {
  const refused = strike(newCircuit(T0), 'misconfigured', T0)
  t.match(refused, { mode: 'misconfigured', retryAtMs: T0 + 60_000 })
  t.equal(stateOf(refused, T0 + 60_000), 'misconfigured', 'it does not mend itself')
  t.ok(mayAsk(refused, T0 + 60_000))
  const again = strike(refused, 'misconfigured', T0 + 60_000)
  t.match(again, { mode: 'misconfigured', sinceMs: T0, retryAtMs: T0 + 120_000 })
  const probing = admit(again)
  t.equal(succeed(probing, probing.epoch, T0 + 120_000).mode, 'closed')
})

t.test('who was let in before it opened has no say', async t => {
  const early = admit(newCircuit(T0))
  const open = strikes(STRIKES_TO_OPEN, 'timeout', T0)
  t.equal(succeed(open, early.epoch, T0 + 1), open)
  t.equal(fail(open, early.epoch, { kind: 'misconfigured', jitter: 0 }, T0 + 1), open)
})

type Step = { kind: 'wait', ms: number } | { kind: 'ask' } | { kind: 'end', which: number, outcome: 'ok' | Failure, retryAfterMs: number | undefined }
const steps = fc.array(fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
  fc.constant({ kind: 'ask' as const }),
  fc.record({
    kind: fc.constant('end' as const),
    which: fc.nat(20),
    outcome: fc.constantFrom('ok' as const, 'server_error' as const, 'timeout' as const, 'bad_reply' as const, 'rate_limited' as const, 'misconfigured' as const),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined })
  })
), { maxLength: 200 })

/** The least time until anything is sent again after a failure of this kind. */
const LEAST_MS: Partial<Record<Failure, number>> = { rate_limited: 1_000, misconfigured: 60_000 }

t.test('model: whatever comes, an open circuit sends one request a wait, heeds only its answer, and can always recover', async t => {
  fc.assert(fc.property(steps, fc.double({ min: 0, max: 0.999, noNaN: true }), (list, jitter) => {
    let circuit = newCircuit(T0)
    let nowMs = T0
    // of our own book-keeping: who is under way, who of them was sent while it was not closed, and when it may be asked again
    const underWay: Array<{ epoch: number, probe: boolean }> = []
    let shutUntilMs = 0
    for (const step of list as Step[]) {
      if (step.kind === 'wait') nowMs += step.ms
      if (step.kind === 'ask' && mayAsk(circuit, nowMs)) {
        const probe = circuit.mode !== 'closed'
        if (probe && (nowMs < shutUntilMs || underWay.some(other => other.probe))) return false
        circuit = admit(circuit)
        underWay.push({ epoch: circuit.epoch, probe })
      }
      if (step.kind === 'end' && underWay.length > 0) {
        const [ended] = underWay.splice(step.which % underWay.length, 1) as [typeof underWay[number]]
        const before = circuit
        circuit = step.outcome === 'ok' ? succeed(circuit, ended.epoch, nowMs) : fail(circuit, ended.epoch, { kind: step.outcome, retryAfterMs: step.retryAfterMs, jitter }, nowMs)
        if (before.mode !== 'closed' && !ended.probe && circuit !== before) return false
        if (ended.probe && step.outcome === 'ok' && circuit.mode !== 'closed') return false
        if (circuit.openings > before.openings && step.outcome !== 'ok') shutUntilMs = nowMs + (LEAST_MS[step.outcome] ?? 5_000)
      }
      if (!CIRCUIT_STATES.includes(stateOf(circuit, nowMs)) || circuit.retryAtMs > nowMs + 360_000) return false
    }
    // whatever state that was: its probe is answered, the longest wait is over, and one good answer closes it
    const probe = underWay.find(({ epoch }) => epoch === circuit.epoch && circuit.probing)
    if (probe) circuit = fail(circuit, probe.epoch, { kind: 'timeout', jitter }, nowMs)
    if (circuit.probing || !mayAsk(circuit, nowMs + 360_000)) return false
    const last = admit(circuit)
    return succeed(last, last.epoch, nowMs + 360_000).mode === 'closed'
  }), { numRuns: 2_000 })
})
