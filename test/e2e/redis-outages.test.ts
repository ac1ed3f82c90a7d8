import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import type { Call, Caller } from '../helpers/calls.ts'
import { callersOf, expectExact, ledgerSessions, release, startCalls, talk, connectCaller } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 3 })
const witness = await listenToCoturn(t, stack)
const ready = async () => await (await fetch(`${stack.ops}/readyz`)).json() as { status: string, degraded: Record<string, string> }

t.test('the central Redis stopped for 30 s: credentials go on, the outage is said, nothing is lost', async t => {
  const key = await stack.createApp('stopped')
  const calls = await startCalls(stack, key, 12)
  await talk(calls, 1200)
  await stack.signal('central-redis', 'SIGTERM')
  const stoppedAt = performance.now()
  await until('the control plane has noticed', async () => /away/.test((await ready()).degraded.redis ?? ''))
  t.equal(await stack.metric(stack.ports.ops, 'spillway_degraded_mode'), 1)
  const answer = await stack.issue(key, { user: 'someone' })
  t.equal(answer.status, 201, 'credentials come from the last snapshot')
  t.match(answer.body, { provider: 'coturn', degraded: true })
  const newcomer = await connectCaller(stack, key)
  await newcomer.client.allocate()
  t.pass('and they work')
  const admin = await stack.admin('GET', '/apps')
  t.equal(admin.status, 503)
  t.match(admin.body, { code: 'store_unavailable' })
  await talk(calls, 1200)
  await release([...callersOf(calls.slice(0, 11)), newcomer])
  await delay(Math.max(0, 30_000 - (performance.now() - stoppedAt)))
  const pids = await Promise.all(['control-plane', 'ledger', 'node-1-relay-agent'].map(stack.pid))
  await stack.up()
  await until('it recovers', async () => (await ready()).degraded.redis === undefined)
  t.same(await Promise.all(['control-plane', 'ledger', 'node-1-relay-agent'].map(stack.pid)), pids, 'without a restart')
  await release(callersOf(calls.slice(11)))
  await expectExact(t, stack, 'stopped', [...callersOf(calls), newcomer], witness, 'Redis stopped')
})

t.test('the central Redis killed with -9 in the middle of booking, back from its AOF', async t => {
  const key = await stack.createApp('killed')
  const all: Call[] = []
  for (let round = 0; round < 3; round++) {
    const calls = await startCalls(stack, key, 4)
    all.push(...calls)
    const talking = talk(calls, 2500)
    await until('some of it is booked', async () => (await ledgerSessions(stack, 'killed', 'open')).length > 0)
    await stack.signal('central-redis', 'SIGKILL')
    await talking
    await release(callersOf(calls.slice(0, 2)))
    await stack.up()
    await release(callersOf(calls.slice(2)))
  }
  await expectExact(t, stack, 'killed', callersOf(all), witness, 'Redis killed')
})

async function canAllocate (key: string): Promise<boolean> {
  const caller = await connectCaller(stack, key)
  try {
    await caller.client.allocate()
    await caller.client.release()
    return true
  } catch {
    return false
  } finally {
    await caller.client.close()
  }
}

t.test('coturn restarted while the central Redis is away serves again: the relay depends on nothing remote', async t => {
  const [key, early] = [await stack.createApp('restarted'), await stack.createApp('too-early')]
  const callers: Caller[] = []
  await stack.signal('central-redis', 'SIGSTOP')
  try {
    await stack.relaunchCoturn()
    // coturn listens before the agent has put its secrets back; who comes too early is of an app of its own
    await until('an allocation succeeds', async () => await canAllocate(early))
    callers.push(await connectCaller(stack, key))
    await callers[0]?.client.allocate()
    await release(callers)
  } finally {
    await stack.signal('central-redis', 'SIGCONT')
  }
  await expectExact(t, stack, 'restarted', callers, witness, 'what it relayed meanwhile')
})

t.test('the central Redis hung by SIGSTOP', async t => {
  const key = await stack.createApp('hung')
  const calls = await startCalls(stack, key, 12)
  await talk(calls, 1200)
  await stack.signal('central-redis', 'SIGSTOP')
  t.teardown(async () => { await stack.signal('central-redis', 'SIGCONT').catch(() => {}) })
  const began = performance.now()
  const answer = await stack.issue(key, { user: 'someone' })
  t.equal(answer.status, 201)
  t.ok(performance.now() - began < 2_000, 'no request waits for it')
  await until('the control plane has noticed', async () => (await ready()).status === 'degraded')
  await talk(calls, 1200)
  await release(callersOf(calls))
  await delay(6_000)
  await stack.signal('central-redis', 'SIGCONT')
  await expectExact(t, stack, 'hung', callersOf(calls), witness, 'Redis hung')
})

t.test("the node's Redis killed: the gap is counted, sessions that end later are right all the same", async t => {
  const key = await stack.createApp('node-redis')
  const calls = await startCalls(stack, key, 6)
  await talk(calls, 1200)
  await until('the ledger knows the sessions', async () => (await ledgerSessions(stack, 'node-redis', 'open')).length === 12)
  const gaps = await stack.metric(stack.ports.api + 4, 'spillway_agent_feed_gaps_total')
  await stack.signal('node-1-redis', 'SIGKILL')
  await talk(calls, 2500)
  await stack.up()
  await until('the gap is counted', async () => await stack.metric(stack.ports.api + 4, 'spillway_agent_feed_gaps_total') === gaps + 1)
  await talk(calls, 2500)
  await release(callersOf(calls))
  await expectExact(t, stack, 'node-redis', callersOf(calls), { unheard: 'the Redis it was said on was killed' }, "the node's Redis killed")
})

t.test('no log of this run holds a secret', stack.searchLogs)
