import t from 'tap'
import type { Test } from 'tap'
import { exchange } from '../../services/turn/turn-exchange.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { until } from '../../scripts/until.ts'
import { appUsage, callerOf, connectClient, countsOf, ledgerSessions, release } from '../helpers/calls.ts'
import type { Caller, LedgerSession } from '../helpers/calls.ts'
import { sum } from '../helpers/counts.ts'
import type { Counts } from '../helpers/counts.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 12, nodes: 2 })
const witness = await listenToCoturn(t, stack)
await until('both nodes serve', async () => (await stack.admin('GET', '/nodes')).body.nodes.every(({ state }: { state: string }) => state === 'up'))
/** clients of one room are told both nodes in the same order */
const ROOM = 'one'

/** Every client of a test, whatever becomes of it. */
type Joined = Caller[]

async function allocate (joined: Joined, entry: IceServer): Promise<Caller> {
  const client = await connectClient(entry)
  stack.closers.push(async () => { await client.close() })
  await client.allocate()
  const caller = callerOf(client, entry)
  joined.push(caller)
  return caller
}
/** A user with an allocation on one of the two nodes. */
async function join (joined: Joined, key: string, user: string, server = 0): Promise<Caller> {
  const { body } = await stack.issue(key, { user, room: ROOM })
  return await allocate(joined, body.iceServers[server])
}
/** Two users who talk on a node. */
async function talk (joined: Joined, key: string, users: [string, string], server = 0): Promise<{ a: Caller, b: Caller }> {
  const [a, b] = [await join(joined, key, users[0], server), await join(joined, key, users[1], server)]
  await exchange({ a: a.client, b: b.client, packets: 1_200, payloadBytes: 160 })
  return { a, b }
}

const only = ({ packetsIn, bytesIn, packetsOut, bytesOut }: Counts): Counts => ({ packetsIn, bytesIn, packetsOut, bytesOut })
const refresh = async ({ client }: Caller): Promise<'lives' | number> => await client.refresh(600).then(() => 'lives' as const, (error: { code: number }) => error.code)
const endedOf = async (app: string, tag: string): Promise<LedgerSession[]> => (await ledgerSessions(stack, app, 'ended')).filter(({ userTag, state }) => userTag === tag && state === 'closed')
const untilEnded = async (app: string, tag: string, count: number) => { await until(`${count} sessions of the user have ended`, async () => (await endedOf(app, tag)).length === count, 20_000, 100) }
/** An agent may hear of a kick before the next snapshot does. */
const untilKept = async (user: string, key: string) => { await until(`${user} gets no credentials`, async () => (await stack.issue(key, { user })).body.code === 'user_kicked') }
const openOf = async (tag: string) => (await stack.admin('GET', `/sessions?user=${tag}`)).body.sessions

/** By user: what the ledger has booked, what coturn said at the end of the sessions, what the clients counted. And the sums of the app. */
async function expectExact (t: Test, app: string, joined: Joined): Promise<void> {
  const users = Map.groupBy(joined, ({ tag }) => tag)
  for (const [tag, callers] of users) {
    await untilEnded(app, tag, callers.length)
    const booked = only(sum(await endedOf(app, tag)))
    t.same(booked, sum(callers.map(countsOf)), `${callers.length} sessions of a user, to the byte of its clients`)
    t.same(booked, witness.sumOf(tag), 'and of coturn')
  }
  const { sessions, lostSessions, packetsIn = 0, bytesIn = 0, packetsOut = 0, bytesOut = 0 } = await appUsage(stack, app)
  t.same({ sessions, lostSessions, ...only({ packetsIn, bytesIn, packetsOut, bytesOut }) }, { sessions: joined.length, lostSessions: 0, ...sum(joined.map(countsOf)) }, 'the sums of the app')
}

t.test('a kicked user loses both calls, on two nodes, and comes back only after the end; those talked to stay', async t => {
  const key = await stack.createApp('kicked')
  const joined: Joined = []
  const one = await talk(joined, key, ['alice', 'bob'], 0)
  const two = await talk(joined, key, ['alice', 'carol'], 1)
  const { tag } = one.a
  const { body: { iceServers: [held] } } = await stack.issue(key, { user: 'alice', room: ROOM })
  await until('the ledger has both', async () => (await openOf(tag)).length === 2)
  t.equal(new Set((await openOf(tag)).map(({ node }: LedgerSession) => node)).size, 2, 'on two nodes')

  const { status, body } = await stack.admin('POST', `/users/${tag}/kick`, { forSeconds: 12 })
  t.match({ status, body }, { status: 202, body: { userTag: tag, nodes: 2 } })
  const untilMs = Date.parse(body.until)
  await untilEnded('kicked', tag, 2)
  await untilKept('alice', key)
  t.equal((await stack.issue(key, { user: 'bob' })).status, 201)
  t.same([await refresh(one.b), await refresh(two.b)], ['lives', 'lives'], 'bob and carol')

  const late = await allocate(joined, held)
  await untilEnded('kicked', tag, 3)
  t.ok(Date.now() < untilMs, 'a credential of before is good for a moment only')

  await until('alice gets credentials again', async () => (await stack.issue(key, { user: 'alice' })).status === 201, 30_000, 200)
  t.ok(Date.now() > untilMs, 'not before the end')
  const again = await join(joined, key, 'alice')
  // a kick of somebody else on her node is done behind hers
  const dave = await join(joined, key, 'dave')
  await stack.admin('POST', `/users/${dave.tag}/kick`, { forSeconds: 5 })
  await untilEnded('kicked', dave.tag, 1)
  t.equal(await refresh(again), 'lives', 'and keeps her call')

  const kicked = new Set([one.a, two.a, late, dave])
  await release(joined.filter(caller => !kicked.has(caller)))
  await expectExact(t, 'kicked', joined)
})

t.test('one session is kicked in the middle of its call; the other of its user, and the one it talks to, go on', async t => {
  const key = await stack.createApp('one-session')
  const joined: Joined = []
  const other = await talk(joined, key, ['alice', 'carol'])
  await until('the ledger has the other', async () => (await openOf(other.a.tag)).length === 1)
  const [{ id: otherId }] = await openOf(other.a.tag)
  const call = await talk(joined, key, ['alice', 'bob'])
  await until('the ledger has both', async () => (await openOf(call.a.tag)).length === 2)
  const { id } = (await openOf(call.a.tag)).find((session: { id: string }) => session.id !== otherId)

  const talking = new AbortController()
  const talked = exchange({ a: call.a.client, b: call.b.client, packets: 1_000_000, payloadBytes: 160, signal: talking.signal })
  t.match(await stack.admin('POST', `/sessions/${id}/kick`), { status: 202, body: { id, userTag: call.a.tag, until: null } })
  await untilEnded('one-session', call.a.tag, 1)
  talking.abort()
  await talked
  t.same(await Promise.all([other.a, other.b, call.b].map(refresh)), ['lives', 'lives', 'lives'])
  t.equal(await refresh(call.a), 437, 'the session that was kicked is gone')
  t.equal((await stack.issue(key, { user: 'alice' })).status, 201, 'its user is not kept out')
  t.match(await stack.admin('POST', `/sessions/${id}/kick`), { status: 404, body: { code: 'session_not_found' } })
  await release([other.a, other.b, call.b])
  // what its client sent on in vain was never relayed, so coturn's own word is the measure
  for (const { tag, count } of [{ tag: call.a.tag, count: 2 }, { tag: call.b.tag, count: 1 }, { tag: other.b.tag, count: 1 }]) {
    await untilEnded('one-session', tag, count)
    t.same(only(sum(await endedOf('one-session', tag))), witness.sumOf(tag), `${count} sessions, to the byte of coturn`)
  }
  t.match(await appUsage(stack, 'one-session'), { sessions: 4, lostSessions: 0 })
})

t.test('a kick that is lifted is over at once', async t => {
  const key = await stack.createApp('lifted')
  const joined: Joined = []
  const erin = await join(joined, key, 'erin')
  await stack.admin('POST', `/users/${erin.tag}/kick`, { forSeconds: 3_600 })
  await untilEnded('lifted', erin.tag, 1)
  await untilKept('erin', key)
  t.equal((await stack.admin('DELETE', `/users/${erin.tag}/kick`)).status, 204)
  await until('she is let in', async () => (await stack.issue(key, { user: 'erin' })).status === 201)
  t.same((await stack.admin('GET', '/kicks')).body, { kicks: [] })
  const dave = await join(joined, key, 'dave')
  await stack.admin('POST', `/users/${dave.tag}/kick`, { forSeconds: 30 })
  await untilEnded('lifted', dave.tag, 1)
  const again = await join(joined, key, 'erin')
  t.equal(await refresh(again), 'lives')
  await release([again])
  await expectExact(t, 'lifted', joined)
})

t.test('no log of this run holds a secret', stack.searchLogs)
