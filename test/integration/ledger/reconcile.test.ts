import { pino } from 'pino'
import t from 'tap'
import type { DayBill } from '../../../services/domain/bill.ts'
import { ALL_APPS, EXPECTED_USE } from '../../../services/domain/budget.ts'
import type { PaidIssue } from '../../../services/domain/budget.ts'
import { findPrice, priceVersion } from '../../../services/domain/rate-card.ts'
import { rollUpCosts } from '../../../services/domain/usage-cost.ts'
import { bookPaid } from '../../../services/ledger/book-paid.ts'
import { createBillReaders } from '../../../services/ledger/bill-readers.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { loadRateCard } from '../../../services/ledger/load-rate-card.ts'
import { createPriceList } from '../../../services/ledger/price-list.ts'
import { reconcile } from '../../../services/ledger/reconcile.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { readMoney, readSpend } from '../../../services/store/budgets.ts'
import { negated, recordPaid } from '../../../services/store/paid-issues.ts'
import { readPrices } from '../../../services/store/prices.ts'
import { fakeSettings } from '../../fakes/accounts.ts'
import { startFakeCloudflare } from '../../fakes/fake-cloudflare.ts'
import { startFakeTwilio } from '../../fakes/fake-twilio.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { readLedger } from '../../helpers/usage-rows.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const DAY = 86_400_000
const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
const registry = createMetrics('ledger', 'test')
const context = { redis, metrics: createLedgerMetrics(registry), logger: pino({ level: 'silent' }), prices: createPriceList(redis, loadRateCard(undefined).card) }
t.beforeEach(async () => {
  await redis.flushall()
  await context.prices.publish()
  for (const gauge of [context.metrics.drift, context.metrics.billed]) gauge.reset()
})

const issue = (provider: string, app: string, microUsd: number, differs: Partial<PaidIssue> = {}): PaidIssue => {
  const price = findPrice(context.prices.card, provider, 'global')
  return { atMs: NOON, app, provider, region: 'global', priceVersion: price ? priceVersion(price) : '0', bytesIn: 7_500_000, bytesOut: 7_500_000, microUsd, ...differs }
}
const book = async (...issues: PaidIssue[]) => {
  await recordPaid(redis, issues)
  await bookPaid(context)
}
const spent = async (scope: string, atMs = NOON) => (await readSpend(redis, [scope], atMs)).get(scope)?.booked
const bill = (provider: DayBill['provider'], rows: DayBill['rows'], differs: Partial<DayBill> = {}): DayBill => ({ provider, day: '20261122', rows, namesApps: provider === 'cloudflare', isFinal: false, ...differs })
const compare = async (...bills: DayBill[]) => { await reconcile(context, bills[0]?.provider ?? 'twilio', async () => bills, NOON) }
const drift = (provider: string, day: string) => context.metrics.drift.get({ provider, day })
const costs = async () => rollUpCosts(await readLedger(redis), 'provider', (await readPrices(redis)).versions).map(({ key, basis, costMicroUsd }) => `${key} ${basis} ${costMicroUsd}`)

t.test('a bill 7 % above our estimate is a drift of 1.07, stands beside the estimate and counts against the budget', async t => {
  await book(...Array.from({ length: 10 }, () => issue('twilio', 'shop', 12_000)))
  t.same(await spent(ALL_APPS), { day: 120_000n, month: 120_000n })
  const twilio = bill('twilio', [{ app: '_account', region: 'germany', bytesIn: 0, bytesOut: 160_500_000, microUsd: 100_000n }, { app: '_account', region: 'japan', bytesIn: 0, bytesOut: 40_000_000, microUsd: 28_400n }])
  await compare(twilio)
  t.equal(drift('twilio', 'today'), 1.07)
  t.same(await spent(ALL_APPS), { day: 128_400n, month: 128_400n })
  t.same(await spent('shop'), { day: 120_000n, month: 120_000n }, 'Twilio names no app, so each keeps its estimate')
  t.same(await costs(), ['twilio provider 128400', 'twilio estimated 120000'], "at the provider's own price")

  await compare(twilio)
  t.same(await spent(ALL_APPS), { day: 128_400n, month: 128_400n }, 'told twice it counts once')
  await book(issue('twilio', 'shop', 12_000))
  t.same(await spent(ALL_APPS), { day: 140_400n, month: 140_400n }, 'and what is issued later on top of it')
  await compare({ ...twilio, rows: twilio.rows.slice(0, 1) })
  t.same(await costs(), ['twilio provider 100000', 'twilio estimated 132000'], 'what it says last is what stands')
})

t.test('a bill below our estimate may be late; once the day is final it releases what was set aside for nothing', async t => {
  await book(issue('cloudflare', 'shop', 375), issue('cloudflare', 'chat', 375))
  const rows = [{ app: 'shop', region: 'global', bytesIn: 9_000_000, bytesOut: 10_000_000 }]
  await compare(bill('cloudflare', rows))
  t.same(await spent(ALL_APPS), { day: 750n, month: 750n })
  t.same(await spent('shop'), { day: 500n, month: 500n }, '10 MB at 0.05 a GB: more than was set aside')
  t.equal(drift('cloudflare', 'today'), 500 / 750)

  await compare(bill('cloudflare', rows, { isFinal: true }))
  t.same(await spent(ALL_APPS), { day: 500n, month: 500n })
  t.same(await spent('chat'), { day: 0n, month: 0n }, 'an app that is not on the bill has used nothing')
  await compare(bill('cloudflare', [], { isFinal: true }))
  t.same(await spent(ALL_APPS), { day: 0n, month: 0n })
})

t.test('an answer without a bill was read all the same', async t => {
  context.metrics.expectBill('twilio')
  await compare()
  t.equal(context.metrics.reconciled.get({ provider: 'twilio' }), NOON / 1000)
})

t.test('what the bills of past days say is what a credential is expected to use', async t => {
  const before = NOON - DAY
  await book(...Array.from({ length: 801 }, () => issue('cloudflare', 'shop', 375, { atMs: before })))
  await book(negated(issue('cloudflare', 'shop', 375, { atMs: before })))
  await compare(bill('cloudflare', [{ app: 'shop', region: 'global', bytesIn: 0, bytesOut: 4_000_000_000 }], { day: '20261121', isFinal: true }))
  t.same((await readMoney(redis, NOON)).expectedUse.get('cloudflare'), { bytesIn: EXPECTED_USE.bytesIn / 5, bytesOut: 5_500_000 }, '800 at 5 MB, and 200 at the first belief')
  t.equal(drift('cloudflare', 'yesterday'), 200_000 / 300_000)
})

t.test('without an estimate there is no drift, and without a price no bill', async t => {
  await compare(bill('twilio', [{ app: '_account', region: 'germany', bytesIn: 0, bytesOut: 1_000_000, microUsd: 400n }]))
  t.equal(drift('twilio', 'today'), undefined)
  const unpriced = { ...context, prices: createPriceList(redis, { prices: [], flat: [], credits: [] }) }
  await reconcile(unpriced, 'cloudflare', async () => [bill('cloudflare', [{ app: 'shop', region: 'global', bytesIn: 1, bytesOut: 2 }])], NOON)
  t.ok((await costs()).includes('cloudflare provider null'))
  t.equal(await spent('shop').then(booked => booked?.day), 0n)
})

t.test('the bills of both fakes, read over HTTP as from the real ones', async t => {
  const [cloudflare, twilio] = [await startFakeCloudflare(), await startFakeTwilio()]
  t.teardown(async () => { await Promise.all([cloudflare.stop(), twilio.stop()]) })
  const settings = fakeSettings(cloudflare.url, twilio.url)
  const readers = createBillReaders({ SPILLWAY_REDIS_URL: '', SPILLWAY_MASTER_KEY: '', SPILLWAY_LEDGER_HOST: '', SPILLWAY_LEDGER_OPS_PORT: 0, SPILLWAY_LOG_LEVEL: 'silent', TWILIO_API_BASE_URL: '', CLOUDFLARE_ANALYTICS_BASE_URL: '', ...settings })
  t.same([...readers.keys()], ['twilio', 'cloudflare'])
  twilio.setUsage([
    { category: 'turnmegabytes', day: '2026-11-22', megabytes: '30.5', priceUsd: '0.0134' },
    { category: 'turnmegabytes-germany', day: '2026-11-22', megabytes: '20', priceUsd: '0.008' },
    { category: 'turnmegabytes', day: '2026-11-18', megabytes: '99', priceUsd: '1' }
  ])
  cloudflare.setUsage([
    { customIdentifier: 'shop', datetimeMinute: '2026-11-22T10:00:00Z', egressBytes: 1_000_000, ingressBytes: 3 },
    { customIdentifier: 'shop', datetimeMinute: '2026-11-22T10:01:00Z', egressBytes: 1, ingressBytes: 4 },
    { customIdentifier: 'Another System', datetimeMinute: '2026-11-21T23:59:00Z', egressBytes: 5, ingressBytes: 6 }
  ])
  for (const [provider, readBills] of readers) await reconcile(context, provider, readBills, NOON)
  const told = (await readLedger(redis)).map(({ key, bytesIn, bytesOut, billedMicroUsd }) => [key.period, key.app, key.provider, key.region, bytesIn, bytesOut, billedMicroUsd])
  t.same(told.sort(), [
    ['20261121', '_account', 'cloudflare', 'global', 6, 5, undefined],
    ['20261122', '_account', 'twilio', 'germany', 0, 20_000_000, 8_000n],
    ['20261122', '_account', 'twilio', 'global', 0, 10_500_000, 5_400n],
    ['20261122', 'shop', 'cloudflare', 'global', 7, 1_000_001, undefined]
  ])
  twilio.set('server-error')
  await t.rejects(reconcile(context, 'twilio', readers.get('twilio') as never, NOON), { name: 'UpstreamError' }, 'what cannot be read is no bill of nothing')
  t.equal((await readLedger(redis)).length, 4)
})
