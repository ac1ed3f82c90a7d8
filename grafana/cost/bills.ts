import { runbook } from '../kit/links.ts'
import { stat, table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NEUTRAL, NONE_IS_GOOD } from '../kit/scales.ts'
import { ledgerAge, rate, shared } from '../kit/select.ts'

/** A tenth off is a price or a customer that changed; a quarter is a mistake. */
const DRIFT = [[null, 'red'], [0.75, 'orange'], [0.9, 'green'], [1.1, 'orange'], [1.25, 'red']] as const

export const bills: RowSpec = {
  id: 500,
  title: 'Are the numbers right?',
  panels: [
    stat({
      id: 501,
      title: 'Bytes without a price',
      width: 4,
      height: 8,
      unit: 'decbytes',
      asks: 'How many bytes of today have no price on the rate card? What they cost is in no sum, and where a budget denies, paid ones are not spilled. What own relays cost, only you know: usdPerGigabyte 0 says that they cost nothing.',
      queries: [
        { expr: `sum(${shared('unpriced_bytes_today', 'provider, region', 'provider!="coturn"')}) or vector(0)`, legend: 'paid' },
        { expr: `sum(${shared('unpriced_bytes_today', 'provider, region', 'provider="coturn"')}) or vector(0)`, legend: 'own relays' }
      ],
      overrides: [{ name: 'own relays', thresholds: NEUTRAL }],
      thresholds: NONE_IS_GOOD,
      links: [runbook('UnpricedBytes')]
    }),
    stat({
      id: 502,
      title: 'Paid credentials to book',
      width: 4,
      height: 8,
      unit: 'short',
      decimals: 0,
      asks: 'How many paid credentials wait to be booked? They hold what they are expected to cost; some for a moment is right, a number that grows is a ledger that is away.',
      queries: [{ expr: shared('paid_issues_pending', ''), legend: 'pending' }],
      thresholds: [[null, 'green'], [1000, 'orange'], [10000, 'red']]
    }),
    stat({
      id: 503,
      title: 'Bill last read',
      width: 4,
      height: 8,
      unit: 's',
      decimals: 0,
      noValue: 'no account',
      asks: 'How long ago was the usage of each provider read out of its own records? It is read every other minute where an account is configured.',
      queries: [{ expr: ledgerAge('bill_read_timestamp_seconds', 'provider'), legend: '{{provider}}' }],
      thresholds: [[null, 'green'], [1800, 'orange'], [7200, 'red']],
      named: true,
      links: [runbook('BillUnread')]
    }),
    timeSeries({
      id: 504,
      title: 'Paid credentials booked',
      width: 12,
      height: 8,
      unit: 'cps',
      min: 0,
      asks: 'How fast does the ledger book paid credentials at what they are expected to use? As fast as they are issued, or some wait.',
      queries: [{ expr: rate('paid_issues_booked_total', 'provider'), legend: '{{provider}}' }]
    }),
    table({
      id: 505,
      title: 'Bill against estimate',
      width: 12,
      height: 8,
      unit: 'none',
      sortBy: 'Day',
      asks: 'Does the bill agree with what was expected, day by day? 107 % is a bill 7 % higher; it is learned from, but a quarter off on a day that is over means a price or a use that is not what we think.',
      queries: [
        { expr: shared('bill_usd', 'provider, day'), legend: 'bill' },
        { expr: shared('bill_estimate_usd', 'provider, day'), legend: 'estimate' },
        { expr: shared('bill_drift_ratio', 'provider, day', 'day!="today"'), legend: 'drift' }
      ],
      columns: { provider: 'Provider', day: 'Day', bill: 'Bill', estimate: 'Estimate', drift: 'Bill of estimate' },
      overrides: [
        { name: 'Bill', unit: 'currencyUSD', decimals: 2 }, { name: 'Estimate', unit: 'currencyUSD', decimals: 2 },
        { name: 'Bill of estimate', unit: 'percentunit', decimals: 0, thresholds: DRIFT, cell: 'background' }
      ],
      links: [runbook('BillDrift')]
    }),
    table({
      id: 506,
      title: 'Rate card',
      width: 12,
      height: 8,
      unit: 'currencyUSD',
      decimals: 2,
      sortBy: 'A gigabyte',
      asks: 'Which prices is this reckoned with? Of 10^9 bytes, of the directions that are billed; * is any other region.',
      queries: [{ expr: shared('price_usd_per_gigabyte', 'provider, region, direction'), legend: 'price' }],
      columns: { provider: 'Provider', region: 'Region', direction: 'Billed', price: 'A gigabyte' }
    })
  ]
}
