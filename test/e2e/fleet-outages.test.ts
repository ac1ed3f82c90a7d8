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

/** While a control plane is started in an outage, and has read nothing yet, it cannot serve. */
let mayBeAway = false

/** Every credential comes from the own fleet for as long as `work` takes, and none is refused but where `mayBeAway`. */
async function served (t: Test, key: string, work: () => Promise<unknown>): Promise<void> {
  const done = new AbortController()
  const answers = new Map<string, number>()
  const asking = (async () => {
    while (!done.signal.aborted) {
      const excused = mayBeAway
      const { status, body } = await stack.issue(key).catch(() => ({ status: 0, body: { code: 'nobody listens' } }))
      const refused = status === 0 || body.code === 'not_ready'
      const who = refused && (excused || mayBeAway) ? 'away' : `${status} ${body.provider ?? body.code}`
      answers.set(who, (answers.get(who) ?? 0) + 1)
      await delay(100)
    }
  })()
  await work()
  done.abort()
  await asking
  t.ok((answers.get('201 coturn') ?? 0) > 0, `${answers.get('201 coturn')} credentials of the own fleet`)
  t.same([...answers.keys()].filter(answer => answer !== '201 coturn' && answer !== 'away'), [], 'and no other answer')
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
  let endControlPlane = async (): Promise<void> => {}
  await served(t, key, async () => {
    await stack.signal('central-redis', 'SIGSTOP')
    await until('the control plane says so', async () => (await readiness()).status === 'degraded')
    t.match((await stack.issue(key)).body, { provider: 'coturn', degraded: true })
    await until('the prober says so too', async () => (await readiness(stack.ports.prober)).degraded.redis !== undefined)
    await talk(calls, 200)
    await delay(OUTAGE_MS)
    t.match((await stack.issue(key)).body, { provider: 'coturn', degraded: true }, 'still served at the end')
    mayBeAway = true
    endControlPlane = await stack.relaunch('control-plane')
    await until('the new control plane runs, without a Redis', async () => (await fetch(`${stack.ops}/healthz`).catch(() => undefined))?.status === 200, 20_000)
    const refusal = await stack.issue(key)
    t.match(refusal, { status: 503, body: { code: 'not_ready' } })
    t.ok(refusal.headers.get('retry-after'))
    t.match(await (await fetch(`${stack.ops}/readyz`)).json(), { missing: { redis: /not been read/ } })
    t.equal((await stack.issue(key)).status, 503, 'and goes on running')

    await stack.signal('central-redis', 'SIGCONT')
    await until('it serves from the own fleet within seconds', async () => {
      const { status, body } = await stack.issue(key)
      if (status === 201) t.match(body, { provider: 'coturn', degraded: false })
      return status === 201
    }, 8_000, 50)
    mayBeAway = false
    // nobody was condemned in the outage, and what was said before it condemns nobody behind it
    for (let looks = 0; looks < 30; looks++) {
      for (const id of NODES) {
        const { state, badUrls } = await showNode(stack, id)
        if (state !== 'up' || badUrls.length > 0) t.fail(`${id} is ${state}, its bad URLs are ${badUrls.join()}`)
      }
      await delay(500)
    }
  })
  await untilProbed(stack)
  for (const id of NODES) t.equal((await showNode(stack, id)).state, 'up', id)
  await talk(calls, 200)
  await release(callersOf(calls))
  await expectExact(t, stack, 'no-redis', callersOf(calls), witness, 'a minute without the centre')
  await endControlPlane()
  await stack.up()
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
