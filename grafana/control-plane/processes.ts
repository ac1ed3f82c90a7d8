import { runbook } from '../kit/links.ts'
import { stat, table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NONE_IS_GOOD } from '../kit/scales.ts'
import { INSTANCE, increase, rate, select, selectRuntime, shared } from '../kit/select.ts'

const third = { width: 8, height: 8 }

export const processes: RowSpec = {
  id: 300,
  title: 'The processes themselves',
  panels: [
    timeSeries({
      id: 301,
      title: 'Event loop lag, p99',
      ...third,
      unit: 's',
      min: 0,
      lines: true,
      asks: 'Is a process starved, so that everything in it waits? Above 100 ms a probe or a lease may come too late.',
      queries: [{ expr: `max by (service, instance) (${selectRuntime('nodejs_eventloop_lag_p99_seconds')})`, legend: '{{service}} {{instance}}' }],
      thresholds: [[null, 'green'], [0.1, 'orange'], [1, 'red']]
    }),
    timeSeries({
      id: 302,
      title: 'Memory',
      ...third,
      unit: 'bytes',
      min: 0,
      asks: 'Does a process grow? Resident memory; it levels off some minutes after a start.',
      queries: [{ expr: `max by (service, instance) (${selectRuntime('process_resident_memory_bytes')})`, legend: '{{service}} {{instance}}' }]
    }),
    timeSeries({
      id: 303,
      title: 'CPU',
      ...third,
      unit: 'percentunit',
      min: 0,
      lines: true,
      asks: 'How much of one core does each process use? A process runs on one: at 100 % it is full, and another replica is due.',
      queries: [{
        expr: 'max by (service, instance) (rate(process_cpu_seconds_total{job=~"$job", instance=~"$instance"}[$__rate_interval]) * on (job, instance) group_left (service) spillway_build_info{job=~"$job", instance=~"$instance"})',
        legend: '{{service}} {{instance}}'
      }],
      thresholds: [[null, 'green'], [0.7, 'orange'], [0.9, 'red']]
    }),
    table({
      id: 304,
      title: 'Jobs',
      width: 8,
      height: 8,
      unit: 'none',
      sortBy: 'Last success',
      asks: 'Do the jobs of the ledger run to their end, and who leads? One replica runs each; another takes over when its lease runs out.',
      queries: [
        { expr: `time() - max by (task) (${select('job_last_success_timestamp_seconds')})`, legend: 'age' },
        { expr: `count by (task) (${select('job_leader')} == 1)`, legend: 'leaders' },
        { expr: `sum by (task) (increase(${select('job_failures_total')}[$__range]))`, legend: 'failures' }
      ],
      columns: { task: 'Job', age: 'Last success', leaders: 'Leaders', failures: 'Failures' },
      overrides: [
        { name: 'Last success', unit: 's', decimals: 0, width: 100 }, { name: 'Leaders', unit: 'short', decimals: 0, width: 70 },
        { name: 'Failures', unit: 'short', decimals: 0, width: 80, thresholds: NONE_IS_GOOD, cell: 'background' }
      ],
      links: [runbook('JobStale')]
    }),
    table({
      id: 305,
      title: 'What runs',
      width: 8,
      height: 8,
      unit: 'none',
      sortBy: 'Service',
      asks: 'Which processes run, in which version, and since when? Two versions at a time are an upgrade that is not finished.',
      queries: [{
        expr: `time() - ${selectRuntime('process_start_time_seconds').replace('group_left (service)', 'group_left (service, version, node)')}`, legend: 'uptime'
      }],
      columns: { service: 'Service', instance: 'Instance', version: 'Version', node: 'Node.js', uptime: 'Runs for' },
      overrides: [{ name: 'Runs for', unit: 's', decimals: 0, width: 80 }, { name: 'Version', width: 70 }, { name: 'Node.js', width: 80 }]
    }),
    stat({
      id: 306,
      title: 'Series refused',
      width: 4,
      height: 8,
      unit: 'short',
      decimals: 0,
      asks: 'Was a metric about to grow without end? Label sets that were left out because a metric may have only so many.',
      queries: [{ expr: increase('metric_series_dropped_total', '', INSTANCE), legend: 'refused', instant: true }],
      thresholds: NONE_IS_GOOD,
      links: [runbook('CardinalityGuardTripped')]
    }),
    stat({
      id: 307,
      title: 'Probers that see',
      width: 4,
      height: 8,
      unit: 'percentunit',
      decimals: 0,
      noValue: 'no prober',
      asks: 'Do the probers reach anything at all? One that does not has no vote on nodes; if none does, health is unknown, and the fleet goes on being used.',
      queries: [{ expr: `avg(${select('probe_vantage_reaches')})`, legend: 'reaches' }],
      thresholds: [[null, 'red'], [0.5, 'orange'], [1, 'green']]
    }),
    timeSeries({
      id: 308,
      title: 'Usage batches',
      width: 12,
      height: 8,
      unit: 'cps',
      min: 0,
      asks: 'What does the ledger make of the batches of the agents? duplicate: sent again, counted once; gap: applied, but earlier ones are missing; invalid: not a batch.',
      queries: [{ expr: rate('usage_batches_total', 'outcome'), legend: '{{outcome}}' }]
    }),
    timeSeries({
      id: 309,
      title: 'Sessions the ledger holds open',
      width: 12,
      height: 8,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'Does the ledger know of as many sessions as the nodes have? One that only grows is an end that is not heard of.',
      queries: [
        { expr: shared('sessions_open', ''), legend: 'ledger' },
        { expr: `sum(${shared('node_sessions', 'node, region')})`, legend: 'nodes' }
      ]
    })
  ]
}
