import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { callersOf, expectExact, ledgerSessions, release, startCalls, talk, vanish } from '../helpers/calls.ts'
import type { Call } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 2 })
const witness = await listenToCoturn(t, stack)
const AGENT = 'node-1-relay-agent'

/** Calls that talk before, during and after something happens; most of them end while it lasts. */
async function during (t: Test, app: string, transport: 'udp' | 'tcp', happen: () => Promise<void>, recover: () => Promise<unknown>): Promise<void> {
  const key = await stack.createApp(app)
  const calls = await startCalls(stack, key, 14, { transport })
  await talk(calls, 1200)
  await happen()
  await talk(calls, 1200)
  const [ending, staying] = [calls.slice(0, 11), calls.slice(11)]
  await release(callersOf(ending))
  await allTotalsPublished(ending)
  await recover()
  await talk(staying, 300)
  await release(callersOf(staying))
  await expectExact(t, stack, app, callersOf(calls), witness, app)
}

async function allTotalsPublished (calls: readonly Call[]): Promise<void> {
  await until('coturn has published all totals', () => callersOf(calls).every(({ tag }) => witness.totals.has(tag)))
}

t.test('kill -9 of the relay-agent, 22 sessions ending while it is down', async t => {
  await during(t, 'agent-killed', 'udp', async () => { await stack.signal(AGENT, 'SIGKILL') }, stack.up)
})

t.test('the relay-agent hung for 20 s by SIGSTOP', async t => {
  await during(t, 'agent-hung', 'tcp', async () => { await stack.signal(AGENT, 'SIGSTOP') }, async () => {
    await delay(20_000)
    await stack.signal(AGENT, 'SIGCONT')
  })
})

t.test('kill -9 of the relay-agent again and again while sessions begin, talk and end', async t => {
  const key = await stack.createApp('agent-storm')
  const calls: Call[] = []
  for (let round = 0; round < 3; round++) {
    const some = await startCalls(stack, key, 4)
    calls.push(...some)
    const talking = talk(some, 2500)
    await stack.signal(AGENT, 'SIGKILL')
    await Promise.all([talking, stack.up()])
    await release(callersOf(some.slice(0, 2)))
    await stack.signal(AGENT, 'SIGKILL')
    await release(callersOf(some.slice(2)))
    await stack.up()
  }
  await expectExact(t, stack, 'agent-storm', callersOf(calls), witness, 'agent storm')
})

t.test('kill -9 of the ledger again and again while batches arrive', async t => {
  const key = await stack.createApp('ledger-storm')
  const calls: Call[] = []
  for (let round = 0; round < 4; round++) {
    const some = await startCalls(stack, key, 5)
    calls.push(...some)
    const talking = talk(some, 2500)
    await until('the ledger is at work', async () => (await ledgerSessions(stack, 'ledger-storm', 'open')).length > 0)
    await stack.signal('ledger', 'SIGKILL')
    await talking
    await release(callersOf(some))
    await stack.up()
  }
  await expectExact(t, stack, 'ledger-storm', callersOf(calls), witness, 'ledger storm')
})

t.test('kill -9 of the control-plane: calls go on, and it serves again when it is back', async t => {
  await during(t, 'control-plane-killed', 'udp', async () => { await stack.signal('control-plane', 'SIGKILL') }, stack.up)
})

t.test('two ledgers at once count once', async t => {
  const second = spawn(join('node_modules', '.bin', 'node'), ['services/ledger/main.ts'], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      SPILLWAY_REDIS_URL_FILE: join(stack.folder, 'run', 'redis-url'),
      SPILLWAY_MASTER_KEY_FILE: join(stack.folder, 'master-key'),
      SPILLWAY_LEDGER_OPS_PORT: String(stack.ports.api + 50)
    }
  })
  t.teardown(async () => {
    if (second.exitCode !== null) return
    second.kill()
    await once(second, 'exit')
  })
  const ports = [stack.ports.ledger, stack.ports.api + 50]
  const readApplied = async () => await Promise.all(ports.map(async port => await stack.metric(port, 'spillway_usage_batches_total', 'outcome="applied"')))
  await until('the second ledger is ready', async () => (await fetch(`http://127.0.0.1:${stack.ports.api + 50}/readyz`).catch(() => undefined))?.status === 200)
  const before = await readApplied()
  const key = await stack.createApp('two-ledgers')
  const calls = await startCalls(stack, key, 10)
  const ended: Call[] = []
  // both take every batch off the stream, and whoever asks first has it: talk until each of them was first
  await until('both ledgers have booked', async () => {
    await talk(calls, 1000)
    const short = await startCalls(stack, key, 1)
    await talk(short, 10)
    await release(callersOf(short))
    ended.push(...short)
    return (await readApplied()).every((applied, index) => applied > (before[index] ?? 0))
  }, 60_000)
  await release(callersOf(calls))
  await expectExact(t, stack, 'two-ledgers', callersOf([...calls, ...ended]), witness, 'two ledgers')
})

t.test('launch stopped by TERM in the middle of calls: every session ends with its total', async t => {
  const key = await stack.createApp('stopped')
  const calls = await startCalls(stack, key, 10)
  await talk(calls, 1100)
  const pid = await stack.pid('node-1-coturn')
  await stack.signal('node-1-coturn', 'SIGTERM')
  await until('coturn is gone', () => { try { process.kill(pid, 0) } catch { return true } return false }, 25_000)
  await vanish(callersOf(calls))
  await expectExact(t, stack, 'stopped', callersOf(calls), witness, 'TERM')
  await stack.up()
  const again = await startCalls(stack, key, 1)
  await release(callersOf(again))
  t.pass('and it serves again after the next start')
})

t.test('a wish to stop that is heard in a replay does not end the calls of the coturn that runs now', async t => {
  const key = await stack.createApp('late-wish')
  await stack.signal(AGENT, 'SIGKILL')
  await stack.relaunchCoturn()
  const calls = await startCalls(stack, key, 3)
  await talk(calls, 100)
  await stack.up()
  const heard = async (kind: string) => await stack.metric(stack.ports.api + 4, 'spillway_agent_events_total', `kind="${kind}"`)
  await until('the agent has heard the old wish and the new start', async () => await heard('stopping') > 0 && await heard('boot') > 0)
  await talk(calls, 200)
  t.ok(callersOf(calls).every(({ client }) => client.traffic.receivedPackets >= 300), 'the calls go on')
  await release(callersOf(calls))
  await expectExact(t, stack, 'late-wish', callersOf(calls), witness, 'and are counted')
})

t.test('coturn killed and restarted: its sessions close as lost, and the new ones are not merged with them', async t => {
  const key = await stack.createApp('coturn-killed')
  const calls = await startCalls(stack, key, 4)
  await talk(calls, 2100)
  await until('the ledger knows the sessions', async () => (await ledgerSessions(stack, 'coturn-killed', 'open')).length === 8)
  process.kill(Number(await stack.read('nodes', 'node-1', 'coturn', 'turnserver.pid')), 'SIGKILL')
  await until('launch has noticed', async () => await stack.read('nodes', 'node-1', 'coturn', 'turnserver.pid').then(() => false, () => true))
  await stack.up()
  const later = await startCalls(stack, key, 4)
  await talk(later, 10)
  await release(callersOf(later))
  await until('all have ended', async () => (await ledgerSessions(stack, 'coturn-killed', 'ended')).length === 16)
  const sessions = await ledgerSessions(stack, 'coturn-killed', 'ended')
  t.equal(sessions.filter(({ state }) => state === 'lost').length, 8, 'the old boot closes as lost')
  t.ok(sessions.filter(({ state }) => state === 'lost').every(({ bytesIn }) => bytesIn > 0), 'at what was known')
  const { body } = await stack.admin('GET', '/usage?app=coturn-killed')
  t.match(body.rows[0], { sessions: 16, lostSessions: 8 })
  t.ok(await stack.metric(stack.ports.api + 4, 'spillway_agent_lost_sessions_total') >= 8, 'and the agent says so')
  await vanish(callersOf(calls))
})

t.test('no log of this run holds a secret', stack.searchLogs)
