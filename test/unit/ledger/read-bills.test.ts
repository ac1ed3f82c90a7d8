import t from 'tap'
import { billsOfCloudflare, billsOfTwilio, daysToRead, isFinal } from '../../../services/ledger/read-bills.ts'
import { rangeOf } from '../../../services/ledger/reconcile.ts'
import type { TwilioUsage } from '../../../services/upstream/twilio-usage.ts'

const NOON = Date.UTC(2026, 2, 1, 12, 34, 56)
const usage = (day: string, region: string | null, megabytes: number, priceMicroUsd: bigint): TwilioUsage => ({ day, region, megabytes, priceMicroUsd, asOf: '2026-03-01T12:30:00Z' })

t.test('today and the three days before it are read, over the end of a month', async t => {
  t.same(daysToRead(NOON), ['20260226', '20260227', '20260228', '20260301'])
  t.same(rangeOf(daysToRead(NOON), NOON), { fromMs: Date.UTC(2026, 1, 26), toMs: Date.UTC(2026, 2, 1, 12, 34), from: '2026-02-26', to: '2026-03-01' })
  t.same(daysToRead(NOON).map(day => isFinal(day, NOON)), [true, true, true, false])
  t.same(['20260228', '20260301'].map(day => isFinal(day, Date.UTC(2026, 2, 1, 5, 59))), [false, false], 'six hours behind its end')
})

t.test("Twilio's whole is its regions, and the rest that has no name", async t => {
  const bills = billsOfTwilio([usage('2026-03-01', null, 10.5, 5_000n), usage('2026-03-01', 'germany', 4, 1_600n), usage('2026-03-01', 'japan', 6.5, 3_900n), usage('2026-02-28', null, 3, 1_200n)], NOON)
  t.same(bills.map(({ day, rows }) => [day, rows.map(({ region, bytesIn, bytesOut, microUsd }) => [region, bytesIn, bytesOut, microUsd])]), [
    ['20260226', []],
    ['20260227', []],
    ['20260228', [['global', 0, 3_000_000, 1_200n]]],
    ['20260301', [['germany', 0, 4_000_000, 1_600n], ['japan', 0, 6_500_000, 3_900n]]]
  ], 'regions that are more than the whole were read a moment later; a day without a record has nothing on its bill')
  t.match(bills[3], { provider: 'twilio', namesApps: false, isFinal: false, rows: [{ app: '_account' }] })
  t.equal(bills[0]?.isFinal, true)
})

t.test("Cloudflare's minutes are summed by day and app; whose name is none of ours is nobody's", async t => {
  const minute = (app: string, atMs: number, egressBytes: number) => ({ app, minuteMs: atMs, egressBytes, ingressBytes: 1 })
  const bills = billsOfCloudflare([
    minute('shop', Date.UTC(2026, 2, 1), 5), minute('shop', Date.UTC(2026, 2, 1, 12), 6), minute('shop', Date.UTC(2026, 2, 1) - 60_000, 7),
    minute('a:b', NOON, 8), minute('', NOON, 9), minute('shop', Date.UTC(2026, 1, 25), 10)
  ], NOON)
  t.same(bills.map(({ day, rows }) => [day, rows.map(({ app, bytesIn, bytesOut }) => `${app} ${bytesIn} ${bytesOut}`)]), [
    ['20260226', []], ['20260227', []], ['20260228', ['shop 1 7']], ['20260301', ['shop 2 11', '_account 2 17']]
  ])
  t.equal(bills[0]?.namesApps, true)
})
