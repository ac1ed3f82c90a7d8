import { pino } from 'pino'
import t from 'tap'
import { ALL_APPS } from '../../../services/domain/budget.ts'
import type { Budget, PaidIssue } from '../../../services/domain/budget.ts'
import { SPILLWAY_ITSELF } from '../../../services/domain/audit.ts'
import { UNPRICED } from '../../../services/domain/usage.ts'
import { bookPaid } from '../../../services/ledger/book-paid.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { makeChange } from '../../../services/store/audit.ts'
import { readAllSpend, readMoney, readSpend, writeBudget } from '../../../services/store/budgets.ts'
import { countPaidIssues, negated, recordPaid, reserveSpend } from '../../../services/store/paid-issues.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { readLedger, TEN_O_CLOCK } from '../../helpers/usage-rows.ts'

const server = await startRedisServer(t, { variant: 'central' })
const redis = await server.connect()
t.beforeEach(async () => { await redis.flushall() })

const logger = pino({ level: 'silent' })
const metrics = createLedgerMetrics(createMetrics('ledger', 'test'))
const book = async () => { await bookPaid({ redis, logger, metrics }) }
const issue = (differs: Partial<PaidIssue> = {}): PaidIssue =>
  ({ atMs: TEN_O_CLOCK, app: 'shop', provider: 'twilio', region: 'global', priceVersion: 'aaaaaaaaaaaa', bytesIn: 10, bytesOut: 20, microUsd: 100, ...differs })
const setBudget = async (scope: string, budget: Partial<Budget> | null) => {
  await makeChange(redis, SPILLWAY_ITSELF, TEN_O_CLOCK, async () => ({ action: 'test', target: scope, before: null, after: null, writes: [writeBudget(scope, budget && { dayMicroUsd: null, monthMicroUsd: null, action: 'deny-spill', ...budget })], result: undefined }))
}
const standing = async (scope: string, atMs = TEN_O_CLOCK) => (await readSpend(redis, [scope], atMs)).get(scope)

t.test('what is set aside becomes what is spent, of the app and of all, in the day and the month', async t => {
  for (let count = 0; count < 3; count++) t.equal(await reserveSpend(redis, issue()), undefined)
  await reserveSpend(redis, issue({ app: 'chat', microUsd: 7 }))
  t.same(await standing('shop'), { booked: { day: 0n, month: 0n }, reserved: { day: 300n, month: 300n } })
  t.same(await standing(ALL_APPS), { booked: { day: 0n, month: 0n }, reserved: { day: 307n, month: 307n } })
  await book()
  t.same(await standing('shop'), { booked: { day: 300n, month: 300n }, reserved: { day: 0n, month: 0n } })
  t.same(await standing(ALL_APPS, TEN_O_CLOCK + 86_400_000), { booked: { day: 0n, month: 307n }, reserved: { day: 0n, month: 0n } }, 'the next day begins at nothing')
  t.same(await readAllSpend(redis, '202611'), new Map([['shop', 300n], ['chat', 7n], [ALL_APPS, 307n]]))
  t.match((await readLedger(redis)).find(({ key }) => key.app === 'shop'), { key: { period: '2026112210', node: '_estimated', provider: 'twilio', region: 'global', priceVersion: 'aaaaaaaaaaaa' }, bytesIn: 30, bytesOut: 60, sessions: 0 })
  t.equal(await countPaidIssues(redis), 0)
})

t.test('three ledgers that book at once count each credential once', async t => {
  for (let count = 0; count < 450; count++) await reserveSpend(redis, issue())
  const others = await Promise.all([1, 2].map(async () => await server.connect()))
  await Promise.all([redis, ...others].map(async own => { await bookPaid({ redis: own, logger, metrics }) }))
  t.same(await standing('shop'), { booked: { day: 45_000n, month: 45_000n }, reserved: { day: 0n, month: 0n } })
  t.match(await readLedger(redis), [{ bytesIn: 4_500, bytesOut: 9_000 }])
})

t.test('a burst from many sides at once never passes a cap, be it that of the app or of all', async t => {
  await setBudget('shop', { dayMicroUsd: '1050' })
  await setBudget(ALL_APPS, { monthMicroUsd: '1540' })
  const sides = await Promise.all([1, 2, 3, 4].map(async () => await server.connect()))
  const burst = async (app: string) => (await Promise.all(sides.flatMap(side => Array.from({ length: 50 }, async () => await reserveSpend(side, issue({ app })))))).filter(refused => refused === undefined).length
  t.equal(await burst('shop'), 10)
  t.same(await reserveSpend(redis, issue()), { scope: 'shop', period: 'day' })
  t.equal(await burst('chat'), 5)
  t.same(await reserveSpend(redis, issue({ app: 'chat' })), { scope: ALL_APPS, period: 'month' })
  await book()
  t.match(await standing(ALL_APPS), { booked: { day: 1_500n } })
  t.same(await reserveSpend(redis, issue({ app: 'chat' })), { scope: ALL_APPS, period: 'month' }, 'booked, it still stands against it')
  t.equal(await reserveSpend(redis, issue({ app: 'chat', microUsd: 40 })), undefined, 'to the last micro-dollar')
})

t.test('a cap that warns, or is gone, or is of another day, stops nobody', async t => {
  await setBudget('shop', { dayMicroUsd: '100', action: 'warn' })
  for (let count = 0; count < 3; count++) t.equal(await reserveSpend(redis, issue()), undefined)
  await setBudget('shop', { dayMicroUsd: '100' })
  t.same(await reserveSpend(redis, issue()), { scope: 'shop', period: 'day' })
  t.equal(await reserveSpend(redis, issue({ atMs: TEN_O_CLOCK + 86_400_000 })), undefined)
  await setBudget('shop', null)
  t.equal(await reserveSpend(redis, issue()), undefined)
})

t.test('a credential that was not handed out is taken back, booked or not', async t => {
  await reserveSpend(redis, issue())
  await recordPaid(redis, [negated(issue())])
  t.match(await standing('shop'), { reserved: { day: 0n } })
  await book()
  await reserveSpend(redis, issue())
  await book()
  await recordPaid(redis, [negated(issue())])
  await book()
  t.same(await standing('shop'), { booked: { day: 0n, month: 0n }, reserved: { day: 0n, month: 0n } })
  t.match(await readLedger(redis), [{ bytesIn: 0, bytesOut: 0 }])
})

t.test('without a known price a binding budget refuses; without one it is booked, with no price', async t => {
  const unpriced = issue({ priceVersion: UNPRICED, microUsd: 0 })
  t.equal(await reserveSpend(redis, unpriced), undefined)
  await setBudget(ALL_APPS, { monthMicroUsd: '1000' })
  t.same(await reserveSpend(redis, unpriced), { scope: ALL_APPS, period: 'month' })
  await book()
  t.match(await readLedger(redis), [{ key: { priceVersion: UNPRICED }, bytesIn: 10 }])
  t.match(await standing('shop'), { booked: { day: 0n } })
})

t.test('what happened in an outage is told whatever the budgets say', async t => {
  await setBudget('shop', { dayMicroUsd: '100' })
  await recordPaid(redis, [issue(), issue()])
  t.match(await standing('shop'), { reserved: { day: 200n, month: 200n } })
  const { budgets, spend, readAtMs } = await readMoney(redis, TEN_O_CLOCK)
  t.same([...budgets], [['shop', { dayMicroUsd: '100', monthMicroUsd: null, action: 'deny-spill' }]])
  t.match(spend.get('shop'), { reserved: { day: 200n } })
  t.equal(readAtMs, TEN_O_CLOCK)
})

t.test('a record that cannot be read is dropped, the others stand', async t => {
  await redis.xadd('paid-issues', '*', 'issue', '{"atMs":"x"}')
  await redis.xadd('paid-issues', '*', 'issue', 'no JSON')
  await reserveSpend(redis, issue())
  await book()
  t.equal(await countPaidIssues(redis), 0)
  t.match(await standing('shop'), { booked: { day: 100n } })
})
