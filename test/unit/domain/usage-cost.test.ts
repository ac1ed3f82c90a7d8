import fc from 'fast-check'
import t from 'tap'
import { priceVersion } from '../../../services/domain/rate-card.ts'
import type { Price } from '../../../services/domain/rate-card.ts'
import { USAGE_DIMENSIONS } from '../../../services/domain/usage.ts'
import type { LedgerRow, LedgerRowKey } from '../../../services/domain/usage.ts'
import { applyCredits, flatCosts, rollUpCosts } from '../../../services/domain/usage-cost.ts'

const price = (provider: Price['provider'], region: string, bills: Price['bills'], microUsdPerGigabyte: string): Price => ({ provider, region, bills, microUsdPerGigabyte })
const OWN = price('coturn', 'eu', 'in+out', '90000')
const CLOUDFLARE = price('cloudflare', '*', 'out', '50000')
const GERMANY = price('twilio', 'germany', 'in+out', '400000')
const JAPAN = price('twilio', 'japan', 'in+out', '600000')
/** Twilio's price in Germany before it was lowered. */
const GERMANY_BEFORE = price('twilio', 'germany', 'in+out', '450000')
const prices = new Map([OWN, CLOUDFLARE, GERMANY, JAPAN, GERMANY_BEFORE].map(entry => [priceVersion(entry), entry]))

const row = (of: Price, bytesIn: number, bytesOut: number, differs: Partial<LedgerRowKey> = {}): LedgerRow => ({
  key: { period: '2026112210', app: 'shop', node: of.provider === 'coturn' ? 'eu-1' : '_estimated', provider: of.provider, region: of.region, priceVersion: priceVersion(of), ...differs },
  sessions: 1,
  lostSessions: 0,
  seconds: 60,
  bytesIn,
  bytesOut,
  packetsIn: 1,
  packetsOut: 1
})

// micro-USD by hand: gigabytes that are billed, times dollars a gigabyte, times 10^6
const rows = [
  /* 3.000000001 GB x 0.09 = 270,000.00009 */ row(OWN, 1_000_000_001, 2_000_000_000),
  /* 1 GB x 0.09           =  90,000       */ row(OWN, 500_000_000, 500_000_000, { app: 'chat', period: '2026112309' }),
  /* 1.23456789 GB x 0.05  =  61,728.3945  */ row(CLOUDFLARE, 9_999_999_999, 1_234_567_890),
  /* 1.5 GB x 0.40         = 600,000       */ row(GERMANY, 700_000_000, 800_000_000),
  /* 0.5 GB x 0.45         = 225,000       */ row(GERMANY_BEFORE, 250_000_000, 250_000_000),
  /* 0.000001 GB x 0.60    =       0.6     */ row(JAPAN, 600, 400, { app: 'chat' }),
  /* 1.605 GB x 0.40       = 642,000       */ row(GERMANY, 800_000_000, 805_000_000, { node: '_provider', app: '_account' })
]
const byHand: Record<string, Array<[key: string, basis: string, costMicroUsd: bigint]>> = {
  app: [['_account', 'provider', 642_000n], ['chat', 'measured', 90_000n], ['chat', 'estimated', 1n], ['shop', 'measured', 270_000n], ['shop', 'estimated', 886_728n]],
  provider: [['cloudflare', 'estimated', 61_728n], ['coturn', 'measured', 360_000n], ['twilio', 'provider', 642_000n], ['twilio', 'estimated', 825_001n]],
  region: [['*', 'estimated', 61_728n], ['eu', 'measured', 360_000n], ['germany', 'provider', 642_000n], ['germany', 'estimated', 825_000n], ['japan', 'estimated', 1n]],
  node: [['_estimated', 'estimated', 886_729n], ['_provider', 'provider', 642_000n], ['eu-1', 'measured', 360_000n]],
  day: [['2026-11-22', 'measured', 270_000n], ['2026-11-22', 'provider', 642_000n], ['2026-11-22', 'estimated', 886_729n], ['2026-11-23', 'measured', 90_000n]],
  hour: [['2026-11-22T10:00:00Z', 'measured', 270_000n], ['2026-11-22T10:00:00Z', 'provider', 642_000n], ['2026-11-22T10:00:00Z', 'estimated', 886_729n], ['2026-11-23T09:00:00Z', 'measured', 90_000n]]
}
for (const by of USAGE_DIMENSIONS) {
  t.test(`what it cost by ${by}, as computed by hand`, async t => {
    t.same(rollUpCosts(rows, by, prices).map(({ key, basis, costMicroUsd }) => [key, basis, costMicroUsd]), byHand[by])
  })
}

t.test('bytes without a known price make the cost of their row unknown, not smaller', async t => {
  const unpriced = row(OWN, 1, 0, { priceVersion: '0' })
  const costOfRows = (...rows: LedgerRow[]) => rollUpCosts(rows, 'app', prices)[0]
  t.match(costOfRows(unpriced), { costMicroUsd: null, priceVersions: [] })
  t.match(costOfRows(unpriced, row(OWN, 1e9, 0)), { costMicroUsd: null, priceVersions: [priceVersion(OWN)], bytesIn: 1e9 + 1 })
  t.match(costOfRows(row(OWN, 0, 0, { priceVersion: '0' }), row(OWN, 1e9, 0)), { costMicroUsd: 90_000n }, 'where it has no bytes, its price does not matter')
  t.match(costOfRows(row(OWN, 5, 0, { priceVersion: 'abcdefabcdef' })), { costMicroUsd: null }, 'a version nobody knows')
})

t.test('what a row cost does not depend on how its bytes were booked', async t => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1e9), fc.nat(1e9)), { minLength: 1 }), fc.constantFrom(OWN, CLOUDFLARE, JAPAN), (parts, of) => {
    const whole = row(of, parts.reduce((sum, [bytes]) => sum + bytes, 0), parts.reduce((sum, [, bytes]) => sum + bytes, 0))
    const [many] = rollUpCosts(parts.map(([bytesIn, bytesOut]) => row(of, bytesIn, bytesOut)), 'app', prices)
    return many?.costMicroUsd === rollUpCosts([whole], 'app', prices)[0]?.costMicroUsd
  }))
})

const card = { credits: [{ provider: 'cloudflare' as const, gigabytesPerMonth: 1000 }] }
const cheaper = price('cloudflare', '*', 'out', '40000')
const withCheaper = new Map([...prices, [priceVersion(cheaper), cheaper]])
const out = (gigabytes: number, differs: Partial<LedgerRowKey> = {}, of = CLOUDFLARE) => row(of, 7e9, gigabytes * 1e9, differs)

t.test('free gigabytes are those billed first in each month, of all apps together', async t => {
  t.same(applyCredits([out(400), out(300, { app: 'chat', period: '20261101' }), row(OWN, 1e12, 1e12)], card, prices), [
    { provider: 'cloudflare', month: '2026-11', basis: 'estimated', gigabytesPerMonth: 1000, billedBytes: 700_000_000_000n, freeBytes: 700_000_000_000n, creditMicroUsd: 35_000_000n }
  ], 'no more than there was')
  t.match(applyCredits([out(900, { period: '20261201' }), out(400), out(800, { period: '2026112211' }, cheaper)], card, withCheaper), [
    { month: '2026-11', billedBytes: 1_200_000_000_000n, freeBytes: 1_000_000_000_000n, creditMicroUsd: 400n * 50_000n + 600n * 40_000n },
    { month: '2026-12', freeBytes: 900_000_000_000n }
  ], 'each at the price of its own time')
  t.same(applyCredits([row(GERMANY, 1e9, 1e9)], card, prices), [])
})

t.test('where the provider has said what a day was, our estimate of that day is not credited again', async t => {
  t.match(applyCredits([out(100), out(107, { node: '_provider', period: '20261122' }), out(50, { period: '2026112301' })], card, prices), [{ basis: 'estimated', billedBytes: 157_000_000_000n }])
  t.match(applyCredits([out(100), out(107, { node: '_provider', period: '20261122' })], card, prices), [{ basis: 'provider', billedBytes: 107_000_000_000n }])
})

t.test('nodes at a flat price are counted by region, and what has none is left out', async t => {
  t.same(flatCosts(['eu', 'us', 'eu', 'ap'], region => ({ eu: 4_900_000n, us: 6_000_000n })[region]), [
    { region: 'eu', nodes: 2, microUsdPerNodeMonth: 4_900_000n, microUsdPerMonth: 9_800_000n },
    { region: 'us', nodes: 1, microUsdPerNodeMonth: 6_000_000n, microUsdPerMonth: 6_000_000n }
  ])
})
