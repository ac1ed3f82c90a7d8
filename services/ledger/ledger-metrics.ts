import type { RateCard } from '../domain/rate-card.ts'
import type { Metrics } from '../runtime/metrics.ts'

export function createLedgerMetrics (metrics: Metrics) {
  const batches = metrics.counter('usage_batches_total', 'Usage batches taken off the streams; gap: applied, but earlier ones are missing; invalid: not a batch, dropped.', ['outcome'])
  for (const outcome of ['applied', 'duplicate', 'gap', 'invalid']) batches.inc({ outcome }, 0)
  const forged = metrics.counter('usage_forged_rows_total', 'Rows whose user name was not minted here; they are booked to nobody.', ['node'])
  const price = metrics.gauge('price_usd_per_gigabyte', 'What 10^9 bytes cost by the rate card; direction: which bytes are billed.', ['provider', 'region', 'direction'])
  const flatPrice = metrics.gauge('price_usd_per_node_month', 'What a node costs a month by the rate card, whatever it relays.', ['region'])
  return {
    showPrices ({ prices, flat }: RateCard): void {
      for (const { provider, region, bills, microUsdPerGigabyte } of prices) price.set({ provider, region, direction: bills }, Number(microUsdPerGigabyte) / 1e6)
      for (const { region, microUsdPerNodeMonth } of flat) flatPrice.set({ region }, Number(microUsdPerNodeMonth) / 1e6)
    },
    reconciled: metrics.gauge('bill_read_timestamp_seconds', 'When the usage a provider bills was last read, by this process.', ['provider']),
    billed: metrics.gauge('bill_usd', 'What a provider bills for a day (UTC), by its own records; today runs behind.', ['provider', 'day']),
    estimated: metrics.gauge('bill_estimate_usd', 'What we had estimated of the same day when its bill was last read.', ['provider', 'day']),
    drift: metrics.gauge('bill_drift_ratio', 'The bill over our estimate: 1.07 is a bill 7 % higher. Absent where nothing was estimated.', ['provider', 'day']),
    batches,
    forged,
    paidBooked: metrics.counter('paid_issues_booked_total', 'Paid credentials booked at what they are expected to use, by this process; those taken back count too.', ['provider']),
    paidPending: metrics.gauge('paid_issues_pending', 'Paid credentials that wait to be booked.', []),
    lost: metrics.counter('usage_lost_sessions_total', 'Sessions closed at what was known, because their node went silent.', ['node']),
    lag: metrics.gauge('usage_lag_seconds', 'Age of the newest row of the last batch applied.', ['node']),
    pending: metrics.gauge('usage_pending_batches', 'Batches in the stream of a node that are not applied yet.', ['node']),
    open: metrics.gauge('sessions_open', 'Sessions the ledger holds open, those of probes among them.', []),
    jobs: metrics.gauge('job_last_success_timestamp_seconds', 'When a job last ran to its end in this process.', ['job'])
  }
}
export type LedgerMetrics = ReturnType<typeof createLedgerMetrics>
