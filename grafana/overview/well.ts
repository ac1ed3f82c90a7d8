import { toControlPlane, toFleet, toSlo } from '../kit/links.ts'
import { stat } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { ISSUE_LATENCY, THREE_NINES, USAGE_LAG } from '../kit/scales.ts'
import { increase, quantile, rate, shared } from '../kit/select.ts'

const IN_REGION = 'region=~"$region"'
const small = { width: 4, height: 4 }

export const wellness: RowSpec = {
  id: 100,
  title: 'Is it well?',
  panels: [
    stat({
      id: 101,
      title: 'Nodes that serve',
      ...small,
      unit: 'percentunit',
      decimals: 0,
      loud: true,
      noValue: 'no nodes',
      asks: 'Which share of the registered nodes may be handed out? Less than all: a node is down, drained, or not known to be well; the table below says which.',
      queries: [{ expr: `avg(${shared('node_up', 'node, region', IN_REGION)})`, legend: 'serving' }],
      thresholds: [[null, 'red'], [0.5, 'orange'], [1, 'green']],
      links: [toFleet]
    }),
    stat({
      id: 102,
      title: 'Requests served',
      ...small,
      unit: 'percentunit',
      decimals: 3,
      noValue: 'no requests',
      asks: 'Of the requests for credentials that were not the fault of the caller, how many were answered? The objective is 99.9 %.',
      queries: [{ expr: `1 - ${increase('credential_requests_total', '', 'outcome="failed"')} / (${increase('credential_requests_total', '', 'outcome=~"served|failed"')} > 0)`, legend: 'served', instant: true }],
      thresholds: THREE_NINES,
      links: [toSlo]
    }),
    stat({
      id: 103,
      title: 'Issue latency, p95',
      ...small,
      unit: 's',
      sparkline: true,
      noValue: 'no requests',
      asks: 'How long do 19 of 20 requests for credentials take at most? Below 50 ms is the objective; much more means paid providers are waited for, or the process is starved.',
      queries: [{ expr: quantile(0.95, 'credential_request_duration_seconds', ''), legend: 'p95' }],
      thresholds: ISSUE_LATENCY,
      links: [toControlPlane]
    }),
    stat({
      id: 104,
      title: 'Probes that relayed',
      ...small,
      unit: 'percentunit',
      decimals: 2,
      sparkline: true,
      noValue: 'no probes',
      asks: 'Do the relays work, as a client would find them? The share of probes whose bytes went through a relay and back.',
      queries: [{ expr: `${rate('probes_total', '', IN_REGION, 'outcome="good"')} / ${rate('probes_total', '', IN_REGION)}`, legend: 'good' }],
      thresholds: [[null, 'red'], [0.95, 'orange'], [0.999, 'green']],
      links: [toFleet]
    }),
    stat({
      id: 105,
      title: 'Accounting behind by',
      ...small,
      unit: 's',
      noValue: 'nothing booked',
      asks: 'How old is what the ledger booked last, on the node that is furthest behind? Beyond a minute, caps and budgets are judged by what was.',
      queries: [{ expr: `max(${shared('usage_lag_seconds', 'node')})`, legend: 'lag' }],
      thresholds: USAGE_LAG,
      links: [toFleet]
    }),
    stat({
      id: 106,
      title: 'Knowledge of the fleet',
      ...small,
      unit: 'none',
      loud: true,
      asks: 'Do control planes see Redis, or do they issue from the last snapshot they have? From memory all goes on, but no new wish, key or node is heard of.',
      queries: [{ expr: shared('degraded_mode', ''), legend: 'degraded' }],
      mappings: { 0: { text: 'Fresh', colour: 'green' }, 1: { text: 'From memory', colour: 'red' } },
      links: [toControlPlane]
    })
  ]
}
