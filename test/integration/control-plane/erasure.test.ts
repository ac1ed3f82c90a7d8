import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { monthOf } from '../../../services/domain/relay-use.ts'
import { spellDecisions, writeDecisions } from '../../../services/store/decisions.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import type { BookedRow } from '../../../services/store/usage-ledger.ts'
import { expectProblem, MASTER_KEY, startControlPlane } from '../../helpers/control-plane.ts'
import { tagOf } from '../../helpers/counts.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
await door.addNode('eu-1')
const key = await door.createApp('shop', { relayCaps: { userGigabytesPerMonth: 1, userSessions: 5 } })
const redis = await door.redis.connect()
const now = Date.now()
const BOB = 'b'.repeat(24)

let sequence = 0
/** Booked as if a node had reported it; the ledger process would read the streams of registered nodes only. */
const book = async (...rows: BookedRow[]) => { await applyUsage(redis, await deliver(redis, 'past-1', 'log', ++sequence), rows) }
const row = (number: number, userTag: string, differs: Partial<BookedRow> = {}): BookedRow =>
  bookedRow({ allocation: allocationOf(number), userTag, startedAtMs: now, atMs: now, bytesIn: 600_000_000, state: 'closed', ...differs })
const sessions = async (state: 'open' | 'ended'): Promise<Array<{ allocation: string, userTag: string }>> => (await door.admin('GET', `/sessions?state=${state}&limit=9999`)).body.sessions
const tagsOf = async (state: 'open' | 'ended') => Object.fromEntries((await sessions(state)).map(({ allocation, userTag }) => [Number(allocation), userTag]))
const relayed = async () => await redis.zrange(`relayed:${monthOf(now)}:shop`, '0', '-1')
const isPending = async (tag: string) => await redis.hexists('erasures', tag) === 1

/** Runs until the test ends: every five seconds it does what is wished. */
const startLedger = async () => await startOwnProcess(t, 'ledger', { SPILLWAY_REDIS_URL: door.redis.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_LEDGER_OPS_PORT: '0' }).started()

t.test('a user is erased from decisions, sessions and counters; what was relayed stays booked, others stay known', async t => {
  const alice = tagOf((await door.issue(key, { user: 'alice' })).body.username)
  await door.issue(key, { user: 'alice' })
  await writeDecisions(redis, Buffer.from(spellDecisions([{ atMs: now, app: 'shop', userTag: BOB, caller: 'secret', provider: 'coturn', reason: 'healthy', nodes: ['eu-1'], region: 'eu', ttlSeconds: 60, expiresAtSeconds: 1, failed: [] }])), 1)
  await until('all is on record', async () => (await door.admin('GET', `/decisions?userTag=${alice}`)).body.decisions.length === 2)
  await book(row(1, alice), row(2, alice, { state: 'lost' }), row(3, BOB), row(4, alice, { state: 'open' }))
  t.same(await tagsOf('ended'), { 1: alice, 2: alice, 3: BOB })
  t.same((await relayed()).sort(), ['*', alice, BOB].sort())
  await until('her cap is reached', async () => (await door.issue(key, { user: 'alice' })).body.code === 'relay_quota')
  const usage = async () => (await door.admin('GET', '/usage?app=shop')).body.rows
  const before = await usage()
  const issued = (await door.admin('GET', `/decisions?userTag=${alice}&limit=9999`)).body.decisions.length

  const answer = await door.admin('DELETE', `/users/${alice}`)
  t.match(answer, { status: 202, body: { userTag: alice, state: 'accepted' } })
  t.ok(answer.body.decisions >= issued, `${answer.body.decisions} decisions, those on their way included`)
  t.same((await door.admin('GET', `/decisions?userTag=${alice}`)).body.decisions, [], 'decisions are gone at once')
  t.equal((await door.admin('GET', `/decisions?userTag=${BOB}`)).body.decisions.length, 1)
  t.ok(await isPending(alice), 'without a ledger the wish is kept')
  t.same(await tagsOf('ended'), { 1: alice, 2: alice, 3: BOB })

  await startLedger()
  await until('the sessions that ended are nobody\'s', async () => !Object.values(await tagsOf('ended')).includes(alice), 25_000)
  t.same(await tagsOf('ended'), { 1: '', 2: '', 3: BOB })
  await until('her counter is gone', async () => !(await relayed()).includes(alice))
  t.same((await relayed()).sort(), ['*', BOB], 'the sum of the app stays')
  t.same(await usage(), before, 'and so do its bytes')

  t.same(await tagsOf('open'), { 4: alice }, 'a call that goes on needs its tag')
  t.ok(await isPending(alice), 'and the wish waits for it')
  await book(row(4, alice, { atMs: now + 1_000, bytesIn: 700_000_000 }))
  await until('it is forgotten once the call has ended', async () => {
    if ((await sessions('open')).length > 0) await book(row(4, alice, { atMs: now + 2_000, bytesIn: 700_000_000 }))
    return !await isPending(alice)
  }, 25_000)
  t.same(await tagsOf('ended'), { 1: '', 2: '', 3: BOB, 4: '' })
  t.notOk((await relayed()).includes(alice))
  // the buckets of her requests are still there, and go by themselves as soon as they would be full
  const buckets = (await redis.keys('*')).filter(name => name.includes(alice))
  for (const name of buckets) t.ok(await redis.pttl(name) > 0 && await redis.pttl(name) <= 120_000, `${name} has two minutes at most`)
  const everything = JSON.stringify([await redis.hgetall('open:shop'), await redis.hgetall('decision-batches'), await redis.lrange('audit', 0, -1), ...await Promise.all((await redis.keys('session:*')).map(async name => await redis.hgetall(name)))])
  t.notOk(everything.includes(alice), 'the tag is nowhere else, the audit included')
  t.ok(everything.includes(BOB), 'which was looked through')
})

t.test('what was issued in the moment before, and is not on record yet, is forgotten too', async t => {
  const names = await Promise.all(Array.from({ length: 5 }, async () => (await door.issue(key, { user: 'carol' })).body.username))
  const carol = tagOf(names[0])
  t.equal((await door.admin('DELETE', `/users/${carol}`)).status, 202)
  await until('the control plane has looked once more', async () => !await isPending(carol), 25_000)
  t.same((await door.admin('GET', `/decisions?userTag=${carol}`)).body.decisions, [])
})

t.test('a user nobody knows is erased as well, and the same wish twice is one', async t => {
  const tag = 'c'.repeat(24)
  for (let again = 0; again < 2; again++) t.match(await door.admin('DELETE', `/users/${tag}`), { status: 202, body: { userTag: tag, decisions: 0 } })
  t.equal((await door.admin('GET', '/audit?limit=2')).body.entries.filter(({ action }: { action: string }) => action === 'user.erase').length, 2, 'each with its entry')
  await until('the ledger has done it', async () => !await isPending(tag), 25_000)
})

t.test('what is no tag erases nobody', async t => {
  for (const tag of ['alice', '*', 'B'.repeat(24), 'b'.repeat(23), `${BOB}0`, '%2a']) expectProblem(t, await door.admin('DELETE', `/users/${tag}`), 400, 'invalid_request', tag)
  t.same((await relayed()).sort(), ['*', BOB])
})
