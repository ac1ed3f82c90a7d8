import t from 'tap'
import { exchange } from '../../services/turn/turn-exchange.ts'
import { until } from '../../scripts/until.ts'
import { callerOf, appUsage, connectClient, ledgerSessions, release } from '../helpers/calls.ts'
import type { Caller } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import type { Answer } from '../helpers/api-client.ts'

const stack = await startStack(t, { slot: 10, nodes: 2 })
await until('both nodes serve', async () => (await stack.admin('GET', '/nodes')).body.nodes.every(({ state }: { state: string }) => state === 'up'))

let changes = 0
/** An app with caps that hold from the next request on. */
async function appWithCaps (id: string, relayCaps: object): Promise<string> {
  const key = await stack.createApp(id)
  await change(id, key, relayCaps)
  return key
}

/** The ttl cap goes with the others, and shows when they have arrived. */
async function change (id: string, key: string, relayCaps: object): Promise<void> {
  changes += 1
  const maxTtlSeconds = 80_000 + changes
  await stack.admin('PATCH', `/apps/${id}`, { relayCaps, maxTtlSeconds })
  await until('the caps are known', async () => (await explain(key, { ttl: 86_400 })).body.ttl === maxTtlSeconds)
}
const explain = async (key: string, body: object = {}) => await stack.call(`${stack.api}/v1/credentials/explain`, 'POST', key, body)

/** Allocates with a credential, on the node that stands at this place of it. */
async function allocate ({ body }: Answer, server: number): Promise<Caller> {
  const entry = body.iceServers[server]
  const client = await connectClient(entry)
  stack.closers.push(async () => { await client.close() })
  await client.allocate()
  return callerOf(client, entry)
}

t.test('the cap on sessions of an app holds over two nodes, and the credential that would pass it is refused', async t => {
  const key = await appWithCaps('few', { appSessions: 4 })
  const callers: Caller[] = []
  // of one room every reply names the nodes in the same order
  for (const server of [0, 1, 0, 1]) {
    const answer = await stack.issue(key, { room: 'one' })
    t.equal(answer.status, 201)
    callers.push(await allocate(answer, server))
  }
  const hosts = new Set(callers.map(({ client }) => client.allocation?.relayedAddress.address))
  t.equal(hosts.size, 2, 'on two nodes')
  const refused = await stack.issue(key)
  t.match(refused, { status: 429, body: { code: 'relay_quota', detail: 'the app has 4 of 4 sessions open' } })
  t.equal(refused.headers.get('retry-after'), '10')
  t.match((await explain(key)).body.relayCap, /4 of 4/, 'explain says so too')

  await until('the ledger has all four', async () => (await ledgerSessions(stack, 'few', 'open')).length === 4)
  t.equal((await stack.issue(key)).status, 429, 'a session is not counted beside its credential, and not forgotten for it either')
  await release(callers.slice(0, 1))
  await until('a place is free again', async () => (await stack.issue(key)).status === 201, 45_000)
  t.equal((await stack.issue(key)).status, 429, 'one place, not two')
  await release(callers.slice(1))
})

t.test('the cap on sessions of a user is of that user alone', async t => {
  const key = await appWithCaps('one-each', { userSessions: 1 })
  const ada = await stack.issue(key, { user: 'ada' })
  const caller = await allocate(ada, 1)
  t.match(await stack.issue(key, { user: 'ada' }), { status: 429, body: { code: 'relay_quota', detail: 'this user has 1 of 1 sessions open' } })
  t.equal((await stack.issue(key, { user: 'bob' })).status, 201)
  t.equal((await stack.issue(key)).status, 201, 'who is nobody is not ada')
  await release([caller])
})

t.test('a burst cannot pass the cap: credentials hold their places before there is any session', async t => {
  const key = await appWithCaps('burst', { appSessions: 3 })
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await stack.issue(key)))
  t.equal(answers.filter(({ status }) => status === 201).length, 3)
})

t.test('gigabytes a month, of a user and of the app: who has relayed them gets no more, and keeps the call that runs', async t => {
  // users are counted from when a cap on them is set on
  const key = await appWithCaps('metered', { userGigabytesPerMonth: 1 })
  const [a, b] = [await allocate(await stack.issue(key, { user: 'ada', room: 'r' }), 0), await allocate(await stack.issue(key, { user: 'bob', room: 'r' }), 0)]
  await exchange({ a: a.client, b: b.client, packets: 2_500, payloadBytes: 160 })
  let bytes = 0
  await until('the ledger has heard of a good part of it', async () => {
    const { bytesIn = 0, bytesOut = 0 } = await appUsage(stack, 'metered')
    bytes = bytesIn + bytesOut
    return bytes > 400_000
  }, 30_000)

  await change('metered', key, { userGigabytesPerMonth: 0.0001 })
  t.match(await stack.issue(key, { user: 'ada' }), { status: 429, body: { code: 'relay_quota', detail: /this user/ } })
  t.equal((await stack.issue(key, { user: 'eve' })).status, 201, 'eve has relayed nothing')
  await change('metered', key, { userGigabytesPerMonth: null, appGigabytesPerMonth: bytes / 1e9 })
  const refused = await stack.issue(key, { user: 'eve' })
  t.match(refused, { status: 429, body: { code: 'relay_quota', detail: /the app/ } })
  const month = new Date()
  const nextMonth = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1)
  t.ok(Math.abs(Number(refused.headers.get('retry-after')) - (nextMonth - Date.now()) / 1000) < 5, 'until the month is over')

  const before = a.client.traffic.receivedBytes
  await exchange({ a: a.client, b: b.client, packets: 50, payloadBytes: 160 })
  t.ok(a.client.traffic.receivedBytes > before, 'the call goes on')
  await change('metered', key, { appGigabytesPerMonth: 1 })
  t.equal((await stack.issue(key, { user: 'ada' })).status, 201, 'a wider cap lets them in again')
  await release([a, b])
})

t.test('no log of this run holds a secret', stack.searchLogs)
