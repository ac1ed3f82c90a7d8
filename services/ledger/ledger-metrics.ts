import { createAppLabels } from '../runtime/app-labels.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createRedisMetrics } from '../runtime/watch-redis.ts'
import { createMoneyMetrics } from './money-metrics.ts'
import { createUsageMetrics } from './usage-metrics.ts'

/** What the providers say of their bills, and what is on its way to be booked. */
function createBillMetrics (metrics: Metrics) {
  const reconciled = metrics.gauge('bill_read_timestamp_seconds', 'When the usage a provider bills was last read, by this process; 0: not yet.', ['provider'])
  const billed = metrics.gauge('bill_usd', 'What a provider bills for a day (UTC), by its own records; today runs behind.', ['provider', 'day'])
  const estimated = metrics.gauge('bill_estimate_usd', 'What we had estimated of the same day when its bill was last read.', ['provider', 'day'])
  const drift = metrics.gauge('bill_drift_ratio', 'The bill over our estimate: 1.07 is a bill 7 % higher. Absent where nothing was estimated.', ['provider', 'day'])
  return {
    reconciled,
    billed,
    estimated,
    drift,
    /** A provider whose bill is never read has a series all the same: an alert sees how long ago that was. */
    expectBill (provider: string): void { reconciled.set({ provider }, 0) },
    /** What was read of it here is old: another process reads it now. */
    dropBill (provider: string): void {
      for (const day of ['today', 'yesterday']) for (const gauge of [billed, estimated, drift]) gauge.remove({ provider, day })
    },
    paidBooked: metrics.counter('paid_issues_booked_total', 'Paid credentials booked at what they are expected to use, by this process; those taken back count too.', ['provider']),
    paidPending: metrics.gauge('paid_issues_pending', 'Paid credentials that wait to be booked.')
  }
}

/** By the label `task`: Prometheus has a label `job` of its own, and would call ours `exported_job`. */
function createJobMetrics (metrics: Metrics) {
  const leader = metrics.gauge('job_leader', '1 where this process ran a job at its last time, 0 where another one did.', ['task'])
  const failures = metrics.counter('job_failures_total', 'Runs of a job that failed in this process; it runs again at its next time.', ['task'])
  const jobs = metrics.gauge('job_last_success_timestamp_seconds', 'When a job last ran to its end in this process; 0: not yet.', ['task'])
  return {
    leader,
    failures,
    jobs,
    /** A job that never succeeds has its series all the same: an alert sees how long ago its start was. */
    expectJob (task: string): void {
      leader.set({ task }, 0)
      failures.begin({ task })
      jobs.set({ task }, 0)
    }
  }
}

/** All metrics of a ledger. */
export function createLedgerMetrics (metrics: Metrics) {
  const labelOf = createAppLabels()
  return {
    ...createUsageMetrics(metrics, labelOf),
    ...createMoneyMetrics(metrics, labelOf),
    ...createBillMetrics(metrics),
    ...createJobMetrics(metrics),
    watchRedis: createRedisMetrics(metrics, ['central'])
  }
}
export type LedgerMetrics = ReturnType<typeof createLedgerMetrics>
