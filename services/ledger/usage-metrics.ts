import type { PaidIssue } from '../domain/budget.ts'
import { PROBE_APP } from '../domain/turn-credential.ts'
import type { AppLabels } from '../runtime/app-labels.ts'
import type { CounterSeries } from '../runtime/metric-types.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { SessionRecord } from '../store/session-records.ts'
import type { BookedChange } from '../store/usage-ledger.ts'
import type { WaitingUsage } from '../store/usage-stream.ts'

/** From a probe of a client for candidates to a working day. */
const DURATION_BUCKETS = [10, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800]
/** Two hundred apps, at a few providers, in a few regions, both ways. */
export const MAX_APP_SERIES = 10_000

/** What this ledger takes off the streams and books. What probes relay is booked too, but is nobody's usage, so it is not shown. */
export function createUsageMetrics (metrics: Metrics, labelOf: AppLabels) {
  const batches = metrics.counter('usage_batches_total', 'Usage batches taken off the streams; gap: applied, but earlier ones are missing; invalid: not a batch, dropped.', ['outcome'])
  for (const outcome of ['applied', 'duplicate', 'gap', 'invalid']) batches.begin({ outcome })
  const forged = metrics.counter('usage_forged_rows_total', 'Rows whose user name was not minted here; they are booked to nobody.', ['node'])
  const gaps = metrics.counter('usage_gaps_total', 'Batches of a node that came without the ones before them; counters of open sessions make up for it.', ['node'])
  const lost = metrics.counter('usage_lost_sessions_total', 'Sessions closed at what was known, because their node went silent.', ['node'])
  const lag = metrics.gauge('usage_lag_seconds', 'How long the oldest batch of a node that is not applied has waited at the centre; 0 where none waits.', ['node'])
  const pending = metrics.gauge('usage_pending_batches', 'Batches in the stream of a node that are not applied yet.', ['node'])
  const relayed = metrics.counter('relay_bytes_total', 'Bytes booked by this process: those our nodes relayed, and those that paid credentials are expected to use. direction: in from clients, out to them.', ['app', 'provider', 'region', 'direction'], { maxSeries: MAX_APP_SERIES })
  const sessions = metrics.counter('relay_sessions_total', 'Sessions that ended, as booked by this process; lost: without a word from their node.', ['provider', 'region', 'outcome'])
  const durations = metrics.histogram('relay_session_duration_seconds', 'How long sessions lasted that ended.', ['region'], DURATION_BUCKETS)
  const owed = new Map<CounterSeries, number>()

  /** What is taken back, as coturn's total may be smaller than its deltas, is taken off what comes next: a counter never falls. */
  function add (series: CounterSeries, bytes: number): void {
    const due = bytes + (owed.get(series) ?? 0)
    if (due < 0) owed.set(series, due)
    else owed.delete(series)
    series.inc(Math.max(0, due))
  }
  function addBytes (app: string, provider: string, region: string, bytesIn: number, bytesOut: number): void {
    const labels = { app: labelOf(app), provider, region }
    add(relayed.series({ ...labels, direction: 'in' }), bytesIn)
    add(relayed.series({ ...labels, direction: 'out' }), bytesOut)
  }
  function countEnd (provider: string, region: string, outcome: 'closed' | 'lost', seconds: number): void {
    for (const other of ['closed', 'lost']) sessions.begin({ provider, region, outcome: other })
    sessions.inc({ provider, region, outcome })
    durations.observe({ region }, seconds)
  }

  return {
    batches,
    forged,
    gaps,
    open: metrics.gauge('sessions_open', 'Sessions the ledger holds open, those of probes not counted.'),

    /** Apps and regions that are known of begin at zero. */
    expectBytes: (app: string, provider: string, region: string): void => { addBytes(app, provider, region, 0, 0) },

    countBooked (changes: readonly BookedChange[]): void {
      for (const { row, bytesIn, bytesOut, ended } of changes) {
        if (row.app === PROBE_APP) continue
        addBytes(row.app, row.provider, row.region, bytesIn, bytesOut)
        if (ended) countEnd(row.provider, row.region, ended, Math.max(0, row.atMs - row.startedAtMs) / 1000)
      }
    },

    countPaid ({ app, provider, region, bytesIn, bytesOut }: PaidIssue): void { addBytes(app, provider, region, bytesIn, bytesOut) },

    /** A session of a node that went silent. */
    countLost ({ node, app, provider, region, seconds }: SessionRecord): void {
      lost.inc({ node })
      if (app !== PROBE_APP) countEnd(provider, region, 'lost', seconds)
    },

    /** What waits of each node there is; of those that are gone nothing is left. */
    showWaiting (waiting: readonly WaitingUsage[]): void {
      const known = new Set(waiting.map(({ node }) => node))
      for (const family of [forged, gaps, lost, lag, pending]) family.retain(({ node }) => known.has(node))
      for (const { node, batches, oldestMs } of waiting) {
        for (const counter of [forged, gaps, lost]) counter.begin({ node })
        pending.set({ node }, batches)
        lag.set({ node }, oldestMs / 1000)
      }
    }
  }
}
