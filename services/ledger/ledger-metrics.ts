import type { Metrics } from '../runtime/metrics.ts'

export function createLedgerMetrics (metrics: Metrics) {
  const batches = metrics.counter('usage_batches_total', 'Usage batches taken off the streams; gap: applied, but earlier ones are missing; invalid: not a batch, dropped.', ['outcome'])
  for (const outcome of ['applied', 'duplicate', 'gap', 'invalid']) batches.inc({ outcome }, 0)
  const forged = metrics.counter('usage_forged_rows_total', 'Rows whose user name was not minted here; they are booked to nobody.', ['node'])
  return {
    batches,
    forged,
    lost: metrics.counter('usage_lost_sessions_total', 'Sessions closed at what was known, because their node went silent.', ['node']),
    lag: metrics.gauge('usage_lag_seconds', 'Age of the newest row of the last batch applied.', ['node']),
    pending: metrics.gauge('usage_pending_batches', 'Batches in the stream of a node that are not applied yet.', ['node']),
    open: metrics.gauge('sessions_open', 'Sessions the ledger holds open, those of probes among them.', []),
    jobs: metrics.gauge('job_last_success_timestamp_seconds', 'When a job last ran to its end in this process.', ['job'])
  }
}
export type LedgerMetrics = ReturnType<typeof createLedgerMetrics>
