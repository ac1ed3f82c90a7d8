import t from 'tap'
import { createCallGuard } from '../../../services/upstream/call-guard.ts'
import { STRIKES_TO_OPEN } from '../../../services/upstream/circuit.ts'
import { UpstreamError } from '../../../services/upstream/upstream-error.ts'

/** So long that who waits for it has waited in vain: the test would be over before. */
const NEVER_MS = 600_000

/** A guard before work that ends when it is told to. */
function desk () {
  const outcomes: string[] = []
  const states: string[] = []
  const begun: Array<PromiseWithResolvers<string>> = []
  const guard = createCallGuard({
    now: () => performance.now(),
    random: () => 0,
    onOutcome: outcome => { outcomes.push(outcome) },
    onChange: ({ state }) => { states.push(state) }
  })
  const ask = async (timeoutMs = NEVER_MS): Promise<string> => await guard.run(timeoutMs, async () => {
    const work = Promise.withResolvers<string>()
    begun.push(work)
    return await work.promise
  }).catch((error: UpstreamError) => error.kind)
  const turn = async (): Promise<void> => { await new Promise(resolve => setImmediate(resolve)) }
  return { guard, outcomes, states, begun, ask, turn }
}

t.test('sixty-four at a time; the next one has the place of the first that ends', async t => {
  const { begun, ask, turn } = desk()
  const asked = Array.from({ length: 100 }, async () => await ask())
  await turn()
  t.equal(begun.length, 64)
  begun[7]?.resolve('well')
  await turn()
  t.equal(begun.length, 65)
  for (let index = 0; index < 100; index++) {
    begun[index]?.resolve('well')
    await turn()
  }
  t.same([...new Set(await Promise.all(asked))], ['well'])
})

t.test('when it opens, who waits for a turn is told at once, and who is on the way ends as it would', async t => {
  const { begun, ask, turn, states, outcomes, guard } = desk()
  const asked = Array.from({ length: 100 }, async () => await ask())
  await turn()
  for (const { reject } of begun.slice(0, STRIKES_TO_OPEN)) reject(new UpstreamError('server_error', 'answered 500'))
  await Promise.all(asked.slice(64 + STRIKES_TO_OPEN))
  t.equal(outcomes.filter(outcome => outcome === 'circuit_open').length, 100 - begun.length)
  t.equal(guard.view().state, 'open')
  for (const { resolve } of begun) resolve('late, but well')
  t.equal((await Promise.all(asked)).filter(answer => answer === 'late, but well').length, begun.length - STRIKES_TO_OPEN)
  t.same(states, ['open'], 'which does not close it')
})

t.test('with too little time left nothing is sent', async t => {
  const { begun, ask, outcomes, guard } = desk()
  t.equal(await ask(600), 'busy')
  t.equal(begun.length, 0)
  t.same(outcomes, ['busy'])
  t.match(guard.view(), { state: 'closed', lastFailure: null }, 'and that is not held against the provider')
})

t.test('work that heeds no signal ends at its deadline all the same', async t => {
  const { guard, outcomes } = desk()
  let signal: AbortSignal | undefined
  const startedMs = performance.now()
  await t.rejects(guard.run(800, async given => {
    signal = given
    return await new Promise<never>(() => {})
  }), { name: 'UpstreamError', kind: 'timeout' })
  t.ok(performance.now() - startedMs >= 790)
  t.equal(signal?.aborted, true)
  t.same(outcomes, ['timeout'])
})

t.test('what a reader of replies throws is a bad reply, and not quoted', async t => {
  const { guard } = desk()
  const secret = 'password-in-a-reply'
  const error = await guard.run(NEVER_MS, async () => JSON.parse(`{"credential":"${secret}"`)).then(() => undefined, (thrown: UpstreamError) => thrown)
  t.equal(error?.kind, 'bad_reply')
  t.notMatch(error?.message, secret)
})
