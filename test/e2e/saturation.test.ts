import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { callersOf, release, startCall, talk } from '../helpers/calls.ts'
import type { Call } from '../helpers/calls.ts'
import { nodesOf, showNode, untilProbed } from '../helpers/fleet.ts'
import { startStack } from '../helpers/stack.ts'

const NODES = ['node-1', 'node-2'] as const

const stack = await startStack(t, {
  slot: 17,
  nodes: 2,
  flags: ['--fake-providers'],
  environment: { SPILLWAY_POLICY_RAMP_SECONDS: '1', SPILLWAY_POLICY_DWELL_SECONDS: '5' }
})
await untilProbed(stack)
const key = await stack.createApp('rush', { requestsPerMinute: { app: 100_000, user: 100_000 } })
const ask = async () => (await stack.issue(key)).body

/** How often a node became saturated, or was no longer. */
const changes = new Map<string, number>()
const watching = new AbortController()
const watched = (async () => {
  const was = new Map<string, boolean>()
  while (!watching.signal.aborted) {
    for (const id of NODES) {
      const { saturated } = await showNode(stack, id)
      if (was.has(id) && was.get(id) !== saturated) changes.set(id, (changes.get(id) ?? 0) + 1)
      was.set(id, Boolean(saturated))
    }
    await delay(300)
  }
})()

t.teardown(async () => {
  watching.abort()
  await watched
})

/** Calls with both clients on one node, that talk with about a megabit each way until they are told to stop. */
async function fill (node: string): Promise<() => Promise<void>> {
  const host = `${stack.network}.${node.at(-1)}`
  const calls: Call[] = []
  while (calls.length < 4) {
    const call = await startCall(stack, key)
    if (callersOf([call]).every(caller => caller.host === host)) calls.push(call)
    else await release(callersOf([call]))
  }
  const enough = new AbortController()
  const talking = calls.map(async call => {
    while (!enough.signal.aborted) {
      await talk([call], 20, 500)
      await delay(100)
    }
  })
  return async () => {
    enough.abort()
    await Promise.all(talking)
    await release(callersOf(calls))
  }
}

/** What a node is known to carry, in Mbit/s, once all of its calls are. */
async function loadOf (node: string): Promise<number> {
  let megabits = 0
  await until(`the load of ${node} is known`, async () => {
    const { observed } = await showNode(stack, node)
    megabits = observed.loadBitsPerSecond / 1e6
    return megabits > 1 && observed.unresolved.every((count: number) => count === 0)
  }, 90_000, 500)
  return megabits
}
/** As if its calls were all it can carry. */
const limit = async (node: string, capacityMbps: number | null) => { await stack.admin('PATCH', `/nodes/${node}`, { capacityMbps }) }
const firstNodes = async (count: number) => await Promise.all(Array.from({ length: count }, async () => nodesOf(await ask())[0]))

t.test('credentials move to the next node, then to the providers in their order, and come back as load falls', async t => {
  const [stopFirst, stopSecond] = [await fill('node-1'), await fill('node-2')]
  await limit('node-1', await loadOf('node-1'))
  await until('node-1 is left alone', async () => (await firstNodes(3)).every(node => node === 'node-2'), 60_000, 1_000)
  t.pass('node-2 takes all')

  await limit('node-2', await loadOf('node-2'))
  await until('the fleet is full', async () => (await ask()).provider === 'cloudflare', 60_000, 1_000)
  const { body: explained } = await stack.call(`${stack.api}/v1/credentials/explain`, 'POST', key, {})
  t.match(explained.sentences.join(' '), /cloudflare would serve this: no node has room for one more/)
  t.same(explained.nodes.map(({ verdict }: { verdict: string }) => verdict), ['full', 'full'])

  await fetch(`http://127.0.0.1:${stack.ports.fakeCloudflare}/_fake`, { method: 'PUT', body: JSON.stringify({ mode: 'server-error' }) })
  await until('Cloudflare fails, Twilio serves', async () => (await ask()).provider === 'twilio', 15_000, 500)

  await stopFirst()
  await until('there is room on node-1 again', async () => (await firstNodes(1))[0] === 'node-1', 60_000, 1_000)
  await stopSecond()
  for (const node of NODES) await limit(node, null)
  await until('both serve again', async () => {
    const named = await firstNodes(8)
    return NODES.every(node => named.includes(node)) && named.every(node => node !== undefined)
  }, 60_000, 1_000)
  t.equal((await ask()).provider, 'coturn', 'and nobody is paid any more')

  watching.abort()
  await watched
  for (const [node, count] of changes) t.ok(count <= 2, `${node} changed its state ${count} times, for one crossing`)

  const { body: { decisions } } = await stack.admin('GET', '/decisions?app=rush&limit=1000')
  const reasons = new Set(decisions.map(({ provider, reason }: { provider: string, reason: string }) => `${provider} ${reason}`))
  for (const reason of ['coturn healthy', 'cloudflare fallback', 'twilio fallback']) t.ok(reasons.has(reason), `${reason} is among the decisions: ${[...reasons].join(', ')}`)
  for (const name of ['spillway_credentials_issued_total', 'spillway_decisions_total']) {
    t.ok(await stack.metric(stack.ports.ops, name, 'provider="cloudflare",reason="fallback"') > 0, name)
  }
})

t.test('no log of this run holds a secret', stack.searchLogs)
