import type { Exclusion } from './finding.ts'

const SHARED = 'What replicas export is either added up or the same in all of them; a choice of instances would only leave some out. The processes themselves are on Control plane.'
const RECORDED = 'What rules record is of all processes together: it has no job and no instance.'

/** Where a rule does not hold, and why that is right. One that excludes nothing is itself a finding. */
export const EXCLUSIONS: readonly Exclusion[] = [
  { rule: 'template-instance-rule', at: /^spillway-(overview|fleet|cost|slo)$/, reason: SHARED },
  { rule: 'target-instance-rule', at: /^spillway-(overview|fleet|cost)\//, reason: SHARED },
  { rule: 'target-job-rule', at: /^spillway-slo\//, reason: RECORDED },
  { rule: 'target-instance-rule', at: /^spillway-slo\//, reason: RECORDED },
  { rule: 'target-job-rule', at: /^spillway-(overview\/205|cost\/(103|201))\//, reason: RECORDED },
  { rule: 'target-instance-rule', at: /^spillway-control-plane\/(304|307|308|309)\//, reason: 'Of ledgers and probers, which share their work: whichever did it.' }
]

const OF_NODE = 'Of Node.js or the process, by prom-client; for whoever looks into one process.'

/** Exported, and read by no panel, rule or alert; with the reason. */
export const UNUSED_METRICS: ReadonlyMap<string, string> = new Map([
  ['spillway_snapshot_generation', 'It only tells two snapshots apart; spillway_snapshot_age_seconds says whether they are still made.'],
  ...[
    'nodejs_active_handles', 'nodejs_active_requests', 'nodejs_active_resources', 'nodejs_eventloop_lag_max_seconds', 'nodejs_eventloop_lag_mean_seconds',
    'nodejs_eventloop_lag_min_seconds', 'nodejs_eventloop_lag_p50_seconds', 'nodejs_eventloop_lag_p90_seconds', 'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_lag_stddev_seconds', 'nodejs_external_memory_bytes', 'nodejs_gc_duration_seconds', 'nodejs_heap_size_total_bytes',
    'nodejs_heap_size_used_bytes', 'nodejs_heap_space_size_available_bytes', 'nodejs_heap_space_size_total_bytes', 'nodejs_heap_space_size_used_bytes',
    'nodejs_version_info', 'process_cpu_system_seconds_total', 'process_cpu_user_seconds_total', 'process_heap_bytes', 'process_max_fds',
    'process_open_fds', 'process_virtual_memory_bytes'
  ].map(name => [name, OF_NODE] as const)
])
