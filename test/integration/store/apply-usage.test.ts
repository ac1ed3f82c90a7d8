import fc from 'fast-check'
import t from 'tap'
import type { SessionState } from '../../../services/domain/session.ts'
import { hourOf } from '../../../services/domain/usage.ts'
import { applyUsage, CLOSED_SESSION_TTL_SECONDS, LOST_SESSION_TTL_SECONDS, sessionMember } from '../../../services/store/usage-ledger.ts'
import type { BookedRow } from '../../../services/store/usage-ledger.ts'
import { countOpenSessions, endLostSession, forgetEndedBefore, listSilent } from '../../../services/store/session-records.ts'
import { countUnapplied, readApplied } from '../../../services/store/usage-stream.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { HOUR_MS, TEN_O_CLOCK, allocationOf, bookedRow, deliver, listAll, readLedger, sumOf } from '../../helpers/usage-rows.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
let sequence = 0
t.beforeEach(async () => {
  await redis.flushall()
  sequence = 0
})

const book = async (...rows: BookedRow[]) => await applyUsage(redis, await deliver(redis, 'eu-1', 'log-a', ++sequence), rows)
const total = async () => sumOf(await readLedger(redis))
const MINUTE = TEN_O_CLOCK + 60_000
const recordKey = `session:${sessionMember('eu-1', 'boot-1', allocationOf(1))}`

t.test('a row is booked under its hour, app, node, provider, region and price, and its session is on record', async t => {
  const row = bookedRow({ atMs: MINUTE, packetsIn: 1, bytesIn: 20, packetsOut: 300, bytesOut: 4_000 })
  t.same(await book(row), { outcome: 'applied', changes: [{ row, bytesIn: 20, bytesOut: 4_000, ended: undefined }] })
  t.same(await readLedger(redis), [{
    key: { period: '2026112210', app: 'shop', node: 'eu-1', provider: 'coturn', region: 'eu', priceVersion: '0' },
    sessions: 1,
    lostSessions: 0,
    seconds: 60,
    packetsIn: 1,
    bytesIn: 20,
    packetsOut: 300,
    bytesOut: 4_000
  }])
  t.match(await listAll(redis, 'open'), [{ node: 'eu-1', boot: 'boot-1', allocation: allocationOf(1), app: 'shop', state: 'open', seconds: 60, bytesOut: 4_000, startedAtMs: TEN_O_CLOCK, atMs: MINUTE }])
  t.equal(await redis.ttl(recordKey), -1, 'an open session is kept for as long as it lasts')
  t.equal(await countUnapplied(redis, 'eu-1'), 0)
})

t.test('what probes relay is booked to the node, and neither counted for a cap nor with the open sessions of apps', async t => {
  await book(bookedRow({ app: '_probe', atMs: MINUTE, bytesIn: 100 }), bookedRow({ allocation: allocationOf(2), bytesIn: 7 }))
  t.same((await readLedger(redis)).map(({ key, bytesIn }) => [key.app, key.node, bytesIn]).sort(), [['_probe', 'eu-1', 100], ['shop', 'eu-1', 7]])
  t.equal(await countOpenSessions(redis), 1, 'that of the app')
  t.same(await redis.keys('relayed:*:_probe'), [])
  t.same([(await redis.keys('relayed:*:shop')).length, await redis.keys('open:shop')], [1, ['open:shop']], 'as an app is')
  await book(bookedRow({ app: '_probe', atMs: MINUTE, bytesIn: 120, state: 'closed' }))
  t.same([await redis.keys('relayed:*:_probe'), await redis.keys('open:_probe')], [[], []])
  t.equal(await countOpenSessions(redis), 1)
  t.match(await total(), { sessions: 2, bytesIn: 127 })
  t.same(await listAll(redis, 'ended'), [], 'one that is over is soon forgotten, for there are many')
  t.equal(await redis.ttl(recordKey), 3_600)
})

t.test('a later row adds what is new, and one that was overtaken takes nothing back', async t => {
  await book(bookedRow({ bytesIn: 100, bytesOut: 50 }))
  await book(bookedRow({ atMs: MINUTE, bytesIn: 300, bytesOut: 60 }))
  t.match((await book(bookedRow({ bytesIn: 200, bytesOut: 70 }))).changes, [{ bytesIn: 0, bytesOut: 10, ended: undefined }])
  t.match(await total(), { sessions: 1, bytesIn: 300, bytesOut: 70, seconds: 60 })
})

t.test('bytes of a session that goes on over the hour are split between the hours', async t => {
  await book(bookedRow({ atMs: TEN_O_CLOCK + HOUR_MS - 1, bytesIn: 1_000 }))
  await book(bookedRow({ atMs: TEN_O_CLOCK + HOUR_MS, bytesIn: 1_700, state: 'closed' }))
  const rows = (await readLedger(redis)).sort((a, b) => a.key.period < b.key.period ? -1 : 1)
  t.match(rows, [
    { key: { period: '2026112210' }, sessions: 1, bytesIn: 1_000, seconds: 3_599 },
    { key: { period: '2026112211' }, sessions: 0, bytesIn: 700, seconds: 1 }
  ])
})

t.test('the total of a closed session is the last word, whichever way it corrects the deltas', async t => {
  await book(bookedRow({ atMs: MINUTE, bytesIn: 1_000, packetsIn: 10, bytesOut: 5 }))
  await book(bookedRow({ atMs: MINUTE - 1_000, state: 'closed', bytesIn: 400, packetsIn: 4, bytesOut: 9 }))
  t.match(await total(), { bytesIn: 400, packetsIn: 4, bytesOut: 9, seconds: 60, lostSessions: 0 })
  t.equal(await countOpenSessions(redis), 0)
  t.match(await listAll(redis, 'ended'), [{ state: 'closed', bytesIn: 400 }])
  t.equal(await redis.ttl(recordKey), CLOSED_SESSION_TTL_SECONDS)
})

for (const state of ['open', 'closed', 'lost'] satisfies SessionState[]) {
  t.test(`nothing changes a closed session, not a row that says it is ${state}`, async t => {
    await book(bookedRow({ state: 'closed', bytesIn: 400 }))
    const before = await readLedger(redis)
    await book(bookedRow({ atMs: MINUTE + HOUR_MS, state, bytesIn: 9_000 }))
    t.same(await readLedger(redis), before)
    t.equal(await countOpenSessions(redis), 0)
    t.equal(await redis.hget(recordKey, 'state'), 'closed')
  })
}

t.test('a session that was lost, spoke again and ended is one session, and not a lost one', async t => {
  await book(bookedRow({ bytesIn: 10 }))
  await book(bookedRow({ atMs: MINUTE, state: 'lost', bytesIn: 20 }))
  t.match(await total(), { sessions: 1, lostSessions: 1, bytesIn: 20 })
  t.equal(await redis.ttl(recordKey), LOST_SESSION_TTL_SECONDS)
  t.equal(await countOpenSessions(redis), 0)

  await book(bookedRow({ atMs: TEN_O_CLOCK + HOUR_MS, bytesIn: 30 }))
  t.match(await total(), { sessions: 1, lostSessions: 0, bytesIn: 30 })
  t.equal(await redis.ttl(recordKey), -1)
  t.equal(await countOpenSessions(redis), 1)
  t.same(await listAll(redis, 'ended'), [])

  await book(bookedRow({ atMs: TEN_O_CLOCK + HOUR_MS, state: 'closed', bytesIn: 25 }))
  t.match(await total(), { sessions: 1, lostSessions: 0, bytesIn: 25 })
})

t.test('a late total of a lost session corrects it, and the hour in which it was lost', async t => {
  await book(bookedRow({ state: 'lost', bytesIn: 20 }))
  await book(bookedRow({ atMs: TEN_O_CLOCK + HOUR_MS, state: 'lost', bytesIn: 20 }))
  t.equal((await total()).lostSessions, 1, 'lost twice is lost once')
  await book(bookedRow({ atMs: TEN_O_CLOCK + 2 * HOUR_MS, state: 'closed', bytesIn: 50 }))
  t.ok((await readLedger(redis)).every(row => row.lostSessions === 0))
  t.match(await total(), { sessions: 1, bytesIn: 50 })
})

t.test('a session is named by node, boot and allocation: any of them new is a new session', async t => {
  await book(bookedRow({ bytesIn: 10 }), bookedRow({ boot: 'boot-2', bytesIn: 10 }), bookedRow({ allocation: allocationOf(2), bytesIn: 10 }))
  await applyUsage(redis, await deliver(redis, 'us-1', 'log-u', 1), [bookedRow({ bytesIn: 10 })])
  t.match(await total(), { sessions: 4, bytesIn: 40 })
})

t.test('a batch that is delivered again counts once', async t => {
  const delivered = await deliver(redis, 'eu-1', 'log-a', 1)
  const rows = [bookedRow({ bytesIn: 10 })]
  t.equal((await applyUsage(redis, delivered, rows)).outcome, 'applied')
  t.equal((await applyUsage(redis, delivered, [bookedRow({ bytesIn: 999 })])).outcome, 'duplicate')
  t.match(await total(), { sessions: 1, bytesIn: 10 })
})

t.test('two ledgers that hold the same batch count it once', async t => {
  const delivered = await deliver(redis, 'eu-1', 'log-a', 1)
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => applyUsage(redis, delivered, [bookedRow({ bytesIn: 10 })])))
  t.same(outcomes.map(({ outcome }) => outcome).sort(), ['applied', ...Array.from({ length: 7 }, () => 'duplicate')])
  t.match(await total(), { sessions: 1, bytesIn: 10 })
})

t.test('a batch behind a hole is applied, and the hole is told', async t => {
  await book(bookedRow({ bytesIn: 10 }))
  t.equal((await applyUsage(redis, await deliver(redis, 'eu-1', 'log-a', 3), [bookedRow({ bytesIn: 30 })])).outcome, 'gap')
  t.equal(await readApplied(redis, 'eu-1', 'log-a'), 3)
  t.match(await total(), { bytesIn: 30 })
})

t.test('a slow ledger that still holds a batch of an older log does not turn the watermark back', async t => {
  const old = await deliver(redis, 'eu-1', 'log-a', 1)
  await applyUsage(redis, old, [bookedRow({ bytesIn: 10 })])
  await applyUsage(redis, await deliver(redis, 'eu-1', 'log-b', 1), [bookedRow({ bytesIn: 30 })])
  t.equal((await applyUsage(redis, old, [bookedRow({ bytesIn: 10 })])).outcome, 'duplicate')
  t.equal(await readApplied(redis, 'eu-1', 'log-b'), 1)
})

t.test('counters beyond 32 bits and far into the petabytes are exact', async t => {
  await book(bookedRow({ bytesIn: 4_294_967_297, bytesOut: 9_007_199_254_740_990 }))
  await book(bookedRow({ bytesIn: 4_294_967_298, bytesOut: 9_007_199_254_740_991 }))
  t.match(await total(), { bytesIn: 4_294_967_298, bytesOut: 9_007_199_254_740_991 })
})

t.test('whatever rows come, in whatever batches and however often each is delivered, the ledger says what each session said last', async t => {
  const growth = fc.record({
    session: fc.nat(3),
    bytesIn: fc.nat(5_000_000_000),
    bytesOut: fc.nat(1_000),
    packetsIn: fc.nat(9),
    packetsOut: fc.nat(9),
    laterMs: fc.nat(2 * HOUR_MS),
    state: fc.constantFrom<SessionState>('open', 'open', 'open', 'lost', 'closed'),
    total: fc.nat(5_000_000_000)
  })
  const history = fc.array(fc.record({ rows: fc.array(growth, { minLength: 1, maxLength: 4 }), again: fc.array(fc.nat(30), { maxLength: 2 }) }), { minLength: 1, maxLength: 12 })
  await fc.assert(fc.asyncProperty(history, async steps => {
    await redis.flushall()
    const last = new Map<number, BookedRow>()
    const delivered: Array<[Awaited<ReturnType<typeof deliver>>, BookedRow[]]> = []
    for (const [index, { rows, again }] of steps.entries()) {
      const batch: BookedRow[] = []
      for (const { session, laterMs, state, total, ...more } of rows) {
        const before = last.get(session) ?? bookedRow({ allocation: allocationOf(session) })
        // what an agent would never send: a word of a session after its total
        if (before.state === 'closed') continue
        const row = { ...before, state, atMs: before.atMs + laterMs, bytesIn: state === 'closed' ? total : before.bytesIn + more.bytesIn, bytesOut: before.bytesOut + more.bytesOut, packetsIn: before.packetsIn + more.packetsIn, packetsOut: before.packetsOut + more.packetsOut }
        last.set(session, row)
        batch.push(row)
      }
      delivered.push([await deliver(redis, 'eu-1', 'log-a', index + 1), batch])
      await applyUsage(redis, ...delivered[index] as typeof delivered[0])
      for (const earlier of again) await applyUsage(redis, ...delivered[earlier % delivered.length] as typeof delivered[0])
    }
    const sessions = [...last.values()]
    const wanted = sumOf(sessions.map(row => ({ ...row, sessions: 1, lostSessions: row.state === 'lost' ? 1 : 0, seconds: Math.floor((row.atMs - row.startedAtMs) / 1000) })))
    t.strictSame(await total(), wanted)
    t.equal(await countOpenSessions(redis), sessions.filter(({ state }) => state === 'open').length)
    return t.passing()
  }), { numRuns: 40 })
})

t.test('a silent session is closed as lost at what is known, in the hour it was given up', async t => {
  await book(bookedRow({ atMs: MINUTE, bytesIn: 70 }))
  const [silent] = await listSilent(redis, MINUTE, 10)
  t.match(silent, { allocation: allocationOf(1), app: 'shop' })
  if (!silent) return
  const givenUpAtMs = TEN_O_CLOCK + 26 * HOUR_MS
  t.equal(await endLostSession(redis, silent, MINUTE, givenUpAtMs, '0'), true)
  t.equal(await endLostSession(redis, silent, MINUTE, givenUpAtMs, '0'), false, 'once')
  const rows = await readLedger(redis)
  t.match(rows.find(row => row.key.period === hourOf(givenUpAtMs)), { lostSessions: 1, sessions: 0, bytesIn: 0 })
  t.match(sumOf(rows), { sessions: 1, lostSessions: 1, bytesIn: 70 })
  t.equal(await countOpenSessions(redis), 0)
  t.equal(await redis.ttl(recordKey), LOST_SESSION_TTL_SECONDS)

  await book(bookedRow({ atMs: givenUpAtMs, state: 'closed', bytesIn: 90 }))
  t.match(await total(), { sessions: 1, lostSessions: 0, bytesIn: 90 })
})

t.test('a silent session of a probe is closed too, and neither listed nor counted as one that has ended', async t => {
  await book(bookedRow({ app: '_probe', atMs: MINUTE, bytesIn: 70 }))
  const [silent] = await listSilent(redis, MINUTE, 10)
  if (!silent) throw new Error('it is not known to be silent')
  t.equal(await endLostSession(redis, silent, MINUTE, MINUTE + 1, '0'), true)
  t.match(await total(), { sessions: 1, lostSessions: 1, bytesIn: 70 })
  t.equal(await countOpenSessions(redis), 0)
  t.same(await listAll(redis, 'ended'), [])
  t.equal(await redis.exists('open:_probe'), 0)
  t.equal(await redis.ttl(recordKey), LOST_SESSION_TTL_SECONDS, 'a late total still finds it')
})

t.test('a session that spoke or ended since it was found silent is left alone', async t => {
  await book(bookedRow({ bytesIn: 70 }), bookedRow({ allocation: allocationOf(2) }))
  const silent = await listSilent(redis, MINUTE, 10)
  t.equal(silent.length, 2)
  await book(bookedRow({ atMs: MINUTE + 1, bytesIn: 80 }), bookedRow({ allocation: allocationOf(2), state: 'closed' }))
  for (const session of silent) t.equal(await endLostSession(redis, session, MINUTE, MINUTE + 2, '0'), false)
  t.match(await total(), { lostSessions: 0 })
  t.same(await listSilent(redis, MINUTE, 10), [])
})

t.test('the index of ended sessions forgets those whose record is gone', async t => {
  await book(bookedRow({ state: 'closed' }), bookedRow({ allocation: allocationOf(2), atMs: MINUTE, state: 'closed' }))
  t.equal(await forgetEndedBefore(redis, TEN_O_CLOCK), 1)
  t.match(await listAll(redis, 'ended'), [{ allocation: allocationOf(2) }])
})
