import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { callersOf, expectExact, release, startCalls, talk } from '../helpers/calls.ts'
import { showNode, untilProbed } from '../helpers/fleet.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

/** Would be named as soon as the own fleet was thought to be gone. */
const STATIC = JSON.stringify([{ urls: ['turn:192.0.2.1:3478?transport=udp'], username: 'bought', credential: 'elsewhere' }])
const OUTAGE_MS = 60_000
const NODES = ['node-1', 'node-2']

const stack = await startStack(t, { slot: 16, nodes: 2, environment: { SPILLWAY_STATIC_ICE_SERVERS: STATIC } })
const witness = await listenToCoturn(t, stack)
await untilProbed(stack)

const readiness = async (port = stack.ports.ops) => await (await fetch(`http://127.0.0.1:${port}/readyz`)).json() as { status: string, degraded: Record<string, string> }

/** Every credential comes from the own fleet for as long as `work` takes. */
async function served (t: Test, key: string, work: () => Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const providers = new Map<string, number>()
  const asking = (async () => {
    while (!done.signal.aborted) {
      const { status, body } = await stack.issue(key).catch(() => ({ status: 0, body: { provider: 'nobody: the process is away' } }))
      const who = status === 0 || status === 503 ? 'away' : String(body.provider)
      providers.set(who, (providers.get(who) ?? 0) + 1)
      await delay(100)
    }
  })()
  await work()
  done.abort()
  await asking
  t.ok((providers.get('coturn') ?? 0) > 0, `${providers.get('coturn')} credentials of the own fleet`)
  t.same([...providers.keys()].filter(name => name !== 'coturn' && name !== 'away'), [], 'and of nobody else')
}

t.test('the prober killed: no node is condemned, and it is said', async t => {
  const key = await stack.createApp('no-prober', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  await served(t, key, async () => {
    await stack.signal('prober', 'SIGKILL')
    await until('the nodes are known not to be probed', async () => (await Promise.all(NODES.map(async id => await showNode(stack, id)))).every(({ state, reasons }) => state === 'up' && reasons.some(({ kind }) => kind === 'not_probed')), 45_000, 300)
    const { status, degraded } = await readiness()
    t.equal(status, 'degraded')
    t.match(Object.values(degraded).join(' '), /probe/)
  })
  await stack.up()
  await untilProbed(stack)
  await until('all is ready again', async () => (await readiness()).status === 'ready')
})

t.test('the central Redis away for a minute, the control plane restarted in that time', async t => {
  const key = await stack.createApp('no-redis', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  const calls = await startCalls(stack, key, 4)
  await talk(calls, 200)
  await served(t, key, async () => {
    await stack.signal('central-redis', 'SIGSTOP')
    await until('the control plane says so', async () => (await readiness()).status === 'degraded')
    t.match((await stack.issue(key)).body, { provider: 'coturn', degraded: true })
    await until('the prober says so too', async () => (await readiness(stack.ports.prober)).degraded.redis !== undefined)
    await talk(calls, 200)
    await delay(OUTAGE_MS)
    t.match((await stack.issue(key)).body, { provider: 'coturn', degraded: true }, 'still served at the end')
    await stack.signal('control-plane', 'SIGKILL')
    // up waits for a Redis that answers, so the new control plane waits as well
    const upAgain = stack.up()
    await delay(3_000)
    await stack.signal('central-redis', 'SIGCONT')
    await upAgain
  })
  await untilProbed(stack)
  for (const id of NODES) t.equal((await showNode(stack, id)).state, 'up', id)
  await talk(calls, 200)
  await release(callersOf(calls))
  await expectExact(t, stack, 'no-redis', callersOf(calls), witness, 'a minute without the centre')
})

t.test('the clock of an agent five minutes off: seen, and no more', async t => {
  const key = await stack.createApp('off-clock', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  for (const offset of [300, -300]) {
    await served(t, key, async () => {
      const end = await stack.relaunchAgent('node-2', {}, 'faketime', '-f', `${offset > 0 ? '+' : ''}${offset}s`)
      await until('the skew is seen', async () => (await showNode(stack, 'node-2')).reasons.some(({ kind, skewMs }) => kind === 'clock_skew' && Math.abs(Number(skewMs) - offset * 1000) < 5_000), 30_000, 200)
      for (let seconds = 0; seconds < 20; seconds++) {
        const { state } = await showNode(stack, 'node-2')
        if (state !== 'up' && state !== 'degraded') t.fail(`node-2 is ${state}`)
        await delay(1_000)
      }
      await end()
    })
    await stack.up()
  }
  await until('the skew is gone', async () => (await showNode(stack, 'node-2')).reasons.length === 0, 60_000, 300)
  const calls = await startCalls(stack, key, 3)
  await talk(calls, 100)
  await release(callersOf(calls))
  await expectExact(t, stack, 'off-clock', callersOf(calls), witness, 'and all is counted')
})

t.test('no log of this run holds a secret', stack.searchLogs)
