import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { appUsage, callersOf, connectCaller, countsOf, ledgerSessions, release, startCall, talk, vanish } from '../helpers/calls.ts'
import type { Call } from '../helpers/calls.ts'
import { sum } from '../helpers/counts.ts'
import { countFirst, nodesOf, showNode, untilProbed, untilState } from '../helpers/fleet.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const RAMP_SECONDS = 15
const PROBE_INTERVAL_MS = 5_000
/** What coturn has not reported of a session that dies with it: 4095 packets of this many bytes and its header. */
const UNREPORTED_PACKETS = 4_095

const stack = await startStack(t, { slot: 13, nodes: 3, environment: { SPILLWAY_POLICY_RAMP_SECONDS: String(RAMP_SECONDS) } })
const witness = await listenToCoturn(t, stack)
await untilProbed(stack)
const NODES = ['node-1', 'node-2', 'node-3']

t.test('calls are spread by weight', async t => {
  const key = await stack.createApp('weights', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  await until('no node starts slowly any more', async () => (await Promise.all(NODES.map(async id => await showNode(stack, id)))).every(({ reasons }) => reasons.length === 0), 60_000, 300)
  const even = await countFirst(stack, key, 300)
  t.same([...even.keys()].sort(), NODES)
  for (const [node, count] of even) t.ok(count > 60 && count < 140, `${node}: ${count} of 300 where all weigh the same`)

  t.equal((await stack.admin('PATCH', '/nodes/node-3', { weight: 4 })).status, 200)
  await until('the weight is in the snapshot', async () => ((await countFirst(stack, key, 30)).get('node-3') ?? 0) > 12, 20_000, 300)
  const weighed = await countFirst(stack, key, 300)
  const heavy = weighed.get('node-3') ?? 0
  t.ok(heavy > 155 && heavy < 245, `node-3: ${heavy} of 300 where it weighs four times as much as each of the others`)
  await stack.admin('PATCH', '/nodes/node-3', { weight: 1 })
})

t.test('calls are spread by load: a node that is full gets no more of them', async t => {
  const key = await stack.createApp('load', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  await stack.admin('PATCH', '/nodes/node-1', { capacityMbps: 0.2 })
  let call: Call | undefined
  while (!call) {
    const tried = await startCall(stack, key)
    if (callersOf([tried]).every(({ host }) => host === `${stack.network}.1`)) call = tried
    else await release(callersOf([tried]))
  }
  const busy = call
  const enough = new AbortController()
  const done = (async () => {
    // as fast as a call, not as fast as can be: the fleet learns from it what to expect of the next ones
    while (!enough.signal.aborted) {
      await talk([busy], 20, 500)
      await delay(100)
    }
  })()
  await until('node-1 is full', async () => (await showNode(stack, 'node-1')).reasons.some(({ kind }) => kind === 'saturated'), 60_000, 300)
  const counts = await countFirst(stack, key, 60)
  t.equal(counts.get('node-1') ?? 0, 0, 'of 60 new users none was sent there first')
  enough.abort()
  await done
  await stack.admin('PATCH', '/nodes/node-1', { capacityMbps: null })
  await release(callersOf([busy]))
})

t.test('two peers of a room meet on one node, and rooms are on all nodes', async t => {
  await until('node-1 has come to rest', async () => (await showNode(stack, 'node-1')).reasons.length === 0, 60_000, 300)
  const key = await stack.createApp('rooms', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  const used = new Set<string>()
  for (let room = 0; room < 24; room++) {
    const replies = await Promise.all(['x', 'y'].map(async user => (await stack.issue(key, { user: `${user}${room}`, room: `room-${room}` })).body))
    const [first, second] = replies.map(reply => nodesOf(reply)[0] ?? '')
    t.equal(first, second, `room ${room}`)
    used.add(first ?? '')
  }
  t.same([...used].sort(), NODES)
})

t.test('kill -9 of one coturn: nobody is sent there, other calls go on, its sessions close as lost, and it comes back slowly', async t => {
  const key = await stack.createApp('killed', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  const calls = await Promise.all(Array.from({ length: 12 }, async () => await startCall(stack, key)))
  await talk(calls, 300)
  const isOn = (host: string) => (call: Call) => callersOf([call]).every(caller => caller.host === host)
  const dead = `${stack.network}.2`
  const touched = calls.filter(call => callersOf([call]).some(({ host }) => host === dead))
  const elsewhere = calls.filter(call => !touched.includes(call))
  t.ok(touched.length > 0 && touched.some(isOn(dead)), `${touched.length} of 12 calls are on node-2`)
  t.ok(elsewhere.length > 0)

  process.kill(Number(await stack.read('nodes', 'node-2', 'coturn', 'turnserver.pid')), 'SIGKILL')
  const names = async () => nodesOf((await stack.issue(key)).body)
  await untilState(stack, 'node-2', 'down', 2 * PROBE_INTERVAL_MS)
  for (let asked = 0; asked < 60; asked++) {
    const named = await names()
    if (named.includes('node-2') || named.length === 0) t.fail(`it is down, and a credential names ${named.join(' and ')}`)
  }
  const { state, reasons } = await showNode(stack, 'node-2')
  t.equal(state, 'down')
  t.ok(reasons.some(({ kind }) => kind === 'coturn_silent' || kind === 'url_bad'), JSON.stringify(reasons))

  await talk(elsewhere, 300)
  await release(callersOf(elsewhere))
  t.ok(callersOf(elsewhere).every(({ client }) => client.traffic.receivedPackets >= 600), 'the calls elsewhere went on')
  await vanish(callersOf(touched))

  await stack.up()
  const back = await untilState(stack, 'node-2', ['up', 'degraded'])
  t.match(back.reasons.find(({ kind }) => kind === 'slow_start'), { share: Number }, 'it starts slowly')
  const early = await countFirst(stack, key, 90)
  t.ok((early.get('node-2') ?? 0) < 25, `${early.get('node-2') ?? 0} of 90 are sent to it at first`)
  await until('it has its whole share', async () => !(await showNode(stack, 'node-2')).reasons.some(({ kind }) => kind === 'slow_start'), 2 * RAMP_SECONDS * 1000, 300)
  const late = await countFirst(stack, key, 90)
  t.ok((late.get('node-2') ?? 0) > 12, `${late.get('node-2') ?? 0} of 90 later`)

  const lostHere = callersOf(touched).filter(({ host }) => host === dead)
  await until('its sessions are closed as lost', async () => (await appUsage(stack, 'killed')).lostSessions === lostHere.length, 60_000, 300)
  const lost = (await ledgerSessions(stack, 'killed', 'ended')).filter(({ state }) => state === 'lost')
  t.ok(lost.every(({ node }) => node === 'node-2'))
  const [booked, sent] = [sum(lost), sum(lostHere.map(countsOf))]
  const gap = sent.packetsIn + sent.packetsOut - booked.packetsIn - booked.packetsOut
  t.ok(gap >= 0 && gap <= UNREPORTED_PACKETS * lostHere.length, `${gap} packets of ${lostHere.length} lost sessions were never reported: at most ${UNREPORTED_PACKETS} each`)
  t.equal((await showNode(stack, 'node-2')).observed.sessions, 0)
})

t.test('a caller that comes now is served by the node that came back', async t => {
  const key = await stack.createApp('again', { requestsPerMinute: { app: 100_000, user: 100_000 } })
  let served = false
  while (!served) {
    const caller = await connectCaller(stack, key)
    await caller.client.allocate()
    served = caller.host === `${stack.network}.2`
    await release([caller])
    await until('coturn has said its total', () => witness.totals.has(caller.tag))
  }
  t.pass('and counted')
})

t.test('no log of this run holds a secret', stack.searchLogs)
