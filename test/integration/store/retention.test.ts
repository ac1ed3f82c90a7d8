import t from 'tap'
import { pino } from 'pino'
import { deleteDay, foldDay, readLedgerDay, readLedgerDays, applyUsage } from '../../../services/store/usage-ledger.ts'
import type { BookedRow } from '../../../services/store/usage-ledger.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { KEEP_DAYS_DAYS, KEEP_HOURS_DAYS } from '../../../services/domain/usage.ts'
import { createPriceList } from '../../../services/ledger/price-list.ts'
import { endLostSessions, retain, SILENCE_MS } from '../../../services/ledger/jobs.ts'
import { countOpenSessions } from '../../../services/store/session-records.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { HOUR_MS, TEN_O_CLOCK, allocationOf, bookedRow, deliver, readLedger, sumOf } from '../../helpers/usage-rows.ts'

const DAY_MS = 24 * HOUR_MS
const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
const metrics = createLedgerMetrics(createMetrics('ledger', 'test'))
const context = { redis, metrics, logger: pino({ level: 'silent' }), prices: createPriceList(redis, { prices: [], flat: [], credits: [] }) }
let sequence = 0
t.beforeEach(async () => {
  await redis.flushall()
  sequence = 0
})
const book = async (...rows: BookedRow[]) => await applyUsage(redis, await deliver(redis, 'eu-1', 'log-a', ++sequence), rows)
const at = (atMs: number, differs: Partial<BookedRow> = {}) =>
  bookedRow({ allocation: allocationOf(Math.floor(atMs / 1000)), startedAtMs: atMs - 30_000, atMs, state: 'closed', bytesIn: 100, packetsOut: 3, ...differs })

t.test('folding a day leaves one row an app, node, provider, region and price, with the same sums', async t => {
  await book(at(TEN_O_CLOCK), at(TEN_O_CLOCK + HOUR_MS), at(TEN_O_CLOCK + 2 * HOUR_MS, { app: 'chat' }), at(TEN_O_CLOCK + 3 * HOUR_MS, { region: 'us' }), at(TEN_O_CLOCK + 4 * HOUR_MS, { state: 'lost' }))
  const before = sumOf(await readLedger(redis))
  t.match(before, { sessions: 5, lostSessions: 1, bytesIn: 500, seconds: 150, packetsOut: 15 })
  t.equal(await foldDay(redis, '20261122'), 5)
  const rows = await readLedgerDay(redis, '20261122')
  t.same(rows.map(({ key }) => `${key.period} ${key.app} ${key.region}`).sort(), ['20261122 chat eu', '20261122 shop eu', '20261122 shop us'])
  t.same(sumOf(rows), before)
  t.same((await redis.keys('ledger:*')).length, 3, 'the hours are gone')
})

t.test('folding twice, or by two ledgers at once, counts once', async t => {
  for (let hour = 0; hour < 10; hour++) await book(at(TEN_O_CLOCK + hour * HOUR_MS))
  const before = sumOf(await readLedger(redis))
  const folded = await Promise.all([foldDay(redis, '20261122'), foldDay(redis, '20261122'), foldDay(redis, '20261122')])
  t.equal(folded.reduce((sum, count) => sum + count), 10)
  t.equal(await foldDay(redis, '20261122'), 0)
  t.same(sumOf(await readLedger(redis)), before)
})

t.test('a row that comes after its day was folded is folded the next time', async t => {
  await book(at(TEN_O_CLOCK))
  await foldDay(redis, '20261122')
  await book(at(TEN_O_CLOCK + HOUR_MS))
  t.equal((await readLedgerDay(redis, '20261122')).length, 2)
  t.equal(await foldDay(redis, '20261122'), 1)
  t.match(await readLedgerDay(redis, '20261122'), [{ key: { period: '20261122' }, sessions: 2, bytesIn: 200 }])
})

t.test('deleting a day leaves nothing of it and the other days alone', async t => {
  await book(at(TEN_O_CLOCK), at(TEN_O_CLOCK + DAY_MS), at(TEN_O_CLOCK + DAY_MS + HOUR_MS))
  await deleteDay(redis, '20261123')
  t.same(await readLedgerDays(redis, '00000000', '99999999'), ['20261122'])
  t.match(sumOf(await readLedger(redis)), { sessions: 1 })
  t.same(await redis.keys('ledger*20261123*'), [])
})

t.test('days are listed between two days, both included', async t => {
  await book(...[0, 1, 2, 3].map(day => at(TEN_O_CLOCK + day * DAY_MS)))
  t.same(await readLedgerDays(redis, '20261123', '20261124'), ['20261123', '20261124'])
})

t.test('retain keeps hours for a month, days for two years, and deletes the rest', async t => {
  const now = TEN_O_CLOCK
  const daysAgo = (days: number) => at(now - days * DAY_MS)
  await book(daysAgo(0), daysAgo(KEEP_HOURS_DAYS), daysAgo(KEEP_HOURS_DAYS + 1), daysAgo(KEEP_DAYS_DAYS), daysAgo(KEEP_DAYS_DAYS + 1))
  await retain(context, now)
  const rows = (await readLedger(redis)).sort((a, b) => a.key.period < b.key.period ? -1 : 1)
  t.same(rows.map(({ key }) => key.period.length), [8, 8, 10, 10], 'two folded days, two days by the hour')
  t.match(sumOf(rows), { sessions: 4, bytesIn: 400 })
  await retain(context, now)
  t.match(sumOf(await readLedger(redis)), { sessions: 4, bytesIn: 400 }, 'and again')
})

t.test('retain forgets ended sessions once their record can be no more', async t => {
  await book(at(TEN_O_CLOCK - 31 * DAY_MS), at(TEN_O_CLOCK - DAY_MS))
  await retain(context, TEN_O_CLOCK)
  t.equal(await redis.zcard('sessions:ended'), 1)
})

t.test('sessions of a node that fell silent are closed as lost, however many, and the others are not', async t => {
  const silentAtMs = TEN_O_CLOCK - SILENCE_MS
  const rows = Array.from({ length: 1_203 }, (_, index) => bookedRow({ allocation: allocationOf(index), startedAtMs: silentAtMs - index, atMs: silentAtMs - index }))
  for (let start = 0; start < rows.length; start += 200) await book(...rows.slice(start, start + 200))
  await book(bookedRow({ allocation: allocationOf(5_000), atMs: silentAtMs + 1 }))
  await endLostSessions(context, TEN_O_CLOCK)
  t.equal(await countOpenSessions(redis), 1)
  t.match(sumOf(await readLedger(redis)), { sessions: 1_204, lostSessions: 1_203 })
})
