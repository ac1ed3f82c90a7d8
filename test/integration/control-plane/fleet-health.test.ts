import t from 'tap'
import { until } from '../../../scripts/until.ts'
import type { NodeHealth } from '../../../services/domain/health.ts'
import { writeHealth } from '../../../services/store/health.ts'
import { writeObserved } from '../../../services/store/nodes.ts'
import { ask, startControlPlane } from '../../helpers/control-plane.ts'
import { healthOf, observedNode } from '../../helpers/node-facts.ts'
import { urlsOf } from '../../helpers/node-views.ts'

const door = await startControlPlane(t, { settings: { SPILLWAY_PROVIDER_ORDER: 'coturn,stun', SPILLWAY_POLICY_RAMP_SECONDS: '1' } })
const redis = await door.redis.connect()
const key = await door.createApp('shop')
const { udp, tls, tcp } = urlsOf('eu-1')
const URLS = [udp, tls, tcp]

let beat = 100
/** Probers of these names say this of the node, and have just spoken; its agent has as well. */
async function probe (node: string, said: Record<string, Partial<Record<string, 'bad'>>>, differs: Partial<NodeHealth> = {}): Promise<void> {
  beat += 1
  await writeObserved(redis, node, observedNode({ beat, clockMs: Date.now(), urls: URLS, capacityBitsPerSecond: 1e9, maxAllocations: 4_000 }))
  for (const [prober, bad] of Object.entries(said)) {
    await writeHealth(redis, node, prober, healthOf(Object.fromEntries(Object.values(urlsOf(node)).map(url => [url, bad[url] ?? 'good'])), { stage: 'allocate', cause: 'quota', code: 486 }, { beat, ...differs }))
  }
}
const ALL_BAD = Object.fromEntries(URLS.map(url => [url, 'bad'] as const))
const shown = async (id = 'eu-1'): Promise<any> => (await door.admin('GET', '/nodes')).body.nodes.find((node: { id: string }) => node.id === id)
const untilState = async (state: string): Promise<void> => { await until(`eu-1 is ${state}`, async () => (await shown()).state === state) }
const readiness = async () => await ask(`${door.ops}/readyz`, 'GET')
const handedOut = async () => {
  const { body } = await door.issue(key)
  return { provider: body.provider, urls: body.iceServers.flatMap(({ urls }: { urls: string[] }) => urls), degraded: body.degraded }
}

await door.addNode('eu-1', { urls: URLS })

t.test('a node nobody probes serves, and it is said that nobody knows', async t => {
  await until('the ramp is over', async () => (await shown()).share === 1)
  t.match(await shown(), { state: 'up', reasons: [{ kind: 'not_probed', silent: [], blind: [], unheard: [] }], urls: URLS, badUrls: [], share: 1, saturated: false, probers: [] })
  t.match(await readiness(), { status: 200, body: { status: 'degraded', missing: {}, degraded: { probers: /eu-1/ } } })
  t.match(await handedOut(), { provider: 'coturn', urls: URLS, degraded: false })
})

t.test('probers content: nothing stands against it', async t => {
  await probe('eu-1', { p: {}, q: {}, r: {} })
  await until('their votes are in', async () => (await shown()).reasons.length === 0)
  t.match(await shown(), { state: 'up', probers: [{ name: 'p', silentSeconds: 0, reaches: true }, { name: 'q' }, { name: 'r' }] })
  t.same((await readiness()).body, { status: 'ready', missing: {}, degraded: {} })
})

t.test('a URL that most find bad is left out and named; the node serves with the rest', async t => {
  await probe('eu-1', { p: { [udp]: 'bad' }, q: { [udp]: 'bad', [tls]: 'bad' }, r: {} })
  await untilState('degraded')
  t.match(await shown(), {
    reasons: [{ kind: 'url_bad', url: udp, stage: 'allocate', cause: 'quota', code: 486, vantages: ['p', 'q'], voters: 3 }], urls: [tls, tcp], badUrls: [udp]
  })
  t.same((await handedOut()).urls, [tls, tcp])
  t.equal(await door.metric('spillway_node_up', 'node="eu-1"'), 1)
  t.equal(await door.metric('spillway_node_state', 'state="degraded"'), 1)
  const { body } = await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: key, body: {} })
  t.match(body.sentences, [/^eu-1 would serve this\.$/, /stun/, /^eu-1 serves, but 2 of 3 probers cannot allocate on turn:eu-1\S+udp \(486 quota\): raise SPILLWAY_NODE_MAX_ALLOCATIONS/])
  t.match(body, { plan: [{ provider: 'coturn', remarks: ['degraded'], urls: [tls, tcp] }], nodes: [{ state: 'degraded', reasons: [{ kind: 'url_bad' }], verdict: 'chosen' }] })
})

t.test('bad all over is down, though its agent is content: no credential names it, and it is said', async t => {
  await probe('eu-1', { p: ALL_BAD, q: ALL_BAD, r: {} })
  await untilState('down')
  t.match(await handedOut(), { provider: 'stun', degraded: true })
  t.match((await readiness()).body, { status: 'degraded', degraded: { nodes: /down: eu-1/ } })
  t.equal(await door.metric('spillway_node_up', 'node="eu-1"'), 0)
  t.equal(await door.metric('spillway_node_state', 'state="down"'), 1)
  t.equal(await door.metric('spillway_node_state', 'node="eu-1"'), 1, 'it is in one state')
})

t.test('a prober that writes nonsense or reaches nothing has no vote, and the others have theirs', async t => {
  await probe('eu-1', { p: ALL_BAD, q: ALL_BAD }, { reaches: false })
  await redis.hset('health:eu-1', 'x', '{"beat":1,"reaches":true,"urls":"all bad"}')
  await untilState('up')
  t.match((await shown()).probers, [{ name: 'p', reaches: false }, { name: 'q', reaches: false }, { name: 'r', reaches: true }])
  await until('it is told, once', () => door.log.includes('"prober":"x"'))
  await door.caughtUp()
  t.equal(door.log.split('"prober":"x"').length, 2)
})

t.test('what healed comes back slowly', async t => {
  await probe('eu-1', { p: ALL_BAD, q: ALL_BAD, r: ALL_BAD })
  await untilState('down')
  t.equal((await shown()).share, 0)
  await probe('eu-1', { p: {}, q: {}, r: {} })
  const shares: number[] = []
  await until('it has all of its share', async () => {
    shares.push((await shown()).share)
    return shares.at(-1) === 1
  })
  t.ok(shares.some(share => share > 0 && share < 1), shares.join())
})

t.test('a Redis that comes back without its data takes no node away, and it is said', async t => {
  await probe('eu-1', { p: {}, q: {}, r: {} })
  await untilState('up')
  await redis.flushall()
  await until('it is noticed', async () => (await readiness()).body.status === 'degraded')
  t.match((await readiness()).body, { degraded: { redis: /gone from the central Redis/ } })
  t.match(await handedOut(), { provider: 'coturn', degraded: true })
  t.equal(await door.metric('spillway_degraded_mode'), 1)
  t.match(door.log, /the fleet it held is gone/)
})
