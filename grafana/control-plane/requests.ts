import { runbook, toSlo } from '../kit/links.ts'
import { stat, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { ISSUE_LATENCY, NEUTRAL, NONE_IS_GOOD, THREE_NINES } from '../kit/scales.ts'
import { INSTANCE, increase, quantile, rate, shared } from '../kit/select.ts'

const small = { width: 4, height: 4 }
const third = { width: 8, height: 8 }

export const red: RowSpec = {
  id: 100,
  title: 'Rate, errors, duration',
  panels: [
    stat({
      id: 101,
      title: 'Requests',
      ...small,
      unit: 'reqps',
      sparkline: true,
      asks: 'How many requests a second do the chosen control planes answer, all routes together?',
      queries: [{ expr: rate('http_requests_total', '', INSTANCE), legend: 'requests' }],
      thresholds: NEUTRAL
    }),
    stat({
      id: 102,
      title: 'Requests served',
      ...small,
      unit: 'percentunit',
      decimals: 3,
      noValue: 'no requests',
      asks: 'Of the requests for credentials that were not the fault of the caller, how many were answered in the time that is shown? The objective is 99.9 %.',
      queries: [{ expr: `1 - ${increase('credential_requests_total', '', INSTANCE, 'outcome="failed"')} / (${increase('credential_requests_total', '', INSTANCE, 'outcome=~"served|failed"')} > 0)`, legend: 'served', instant: true }],
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
      asks: 'How long do 19 of 20 requests for credentials take at most? The objective is 50 ms.',
      queries: [{ expr: quantile(0.95, 'credential_request_duration_seconds', '', INSTANCE), legend: 'p95' }],
      thresholds: ISSUE_LATENCY,
      links: [toSlo]
    }),
    stat({
      id: 104,
      title: 'Snapshot age',
      ...small,
      unit: 's',
      decimals: 1,
      asks: 'How old is what the control plane that is furthest behind knows? A new snapshot is made each second; one that grows old is a Redis that is away.',
      queries: [{ expr: shared('snapshot_age_seconds', '', INSTANCE), legend: 'age' }],
      thresholds: [[null, 'green'], [5, 'orange'], [30, 'red']],
      links: [runbook('DegradedMode')]
    }),
    stat({
      id: 105,
      title: 'Records dropped',
      ...small,
      unit: 'short',
      decimals: 0,
      asks: 'How many records of issued credentials were given up in the time that is shown, because Redis was away for too long? The credentials work; GET /decisions lacks them.',
      queries: [{ expr: increase('decisions_dropped_total', '', INSTANCE), legend: 'dropped', instant: true }],
      thresholds: NONE_IS_GOOD
    }),
    stat({
      id: 106,
      title: 'Master key',
      ...small,
      unit: 'none',
      asks: 'Is a rotation of the master key under way? It ends when somebody retires the old key.',
      queries: [{ expr: shared('master_key_rotating', '', INSTANCE), legend: 'rotating' }],
      mappings: { 0: { text: 'One key', colour: 'green' }, 1: { text: 'Rotating', colour: 'orange' } }
    }),
    timeSeries({
      id: 110,
      title: 'Rate by route',
      ...third,
      unit: 'reqps',
      min: 0,
      legend: 'table',
      asks: 'Which routes are asked, and how often?',
      queries: [{ expr: rate('http_requests_total', 'method, route', INSTANCE), legend: '{{method}} {{route}}' }]
    }),
    timeSeries({
      id: 111,
      title: 'Errors by status',
      ...third,
      unit: 'reqps',
      min: 0,
      asks: 'Which errors are answered, on which routes? 4xx are the fault of the caller; 5xx are ours and use up the error budget.',
      queries: [{ expr: `${rate('http_requests_total', 'status, route', INSTANCE, 'status=~"[45].."')} > 0`, legend: '{{status}} {{route}}' }],
      noValue: 'no errors',
      links: [runbook('IssuanceAvailabilityBurn')]
    }),
    timeSeries({
      id: 112,
      title: 'Duration',
      ...third,
      unit: 's',
      min: 0,
      lines: true,
      legend: 'table',
      asks: 'How long do requests for credentials take? The objective: 95 % below 50 ms. Those that a paid provider serves take as long as it does.',
      queries: [
        { expr: quantile(0.5, 'credential_request_duration_seconds', '', INSTANCE), legend: 'median' },
        { expr: quantile(0.95, 'credential_request_duration_seconds', '', INSTANCE), legend: 'p95' },
        { expr: quantile(0.99, 'credential_request_duration_seconds', '', INSTANCE), legend: 'p99' }
      ],
      thresholds: ISSUE_LATENCY,
      links: [toSlo]
    }),
    timeSeries({
      id: 113,
      title: 'Decisions',
      ...third,
      unit: 'reqps',
      min: 0,
      asks: 'Who serves, and who asks: secret keys, publishable keys or user tokens?',
      queries: [{ expr: rate('decisions_total', 'provider, caller', INSTANCE), legend: '{{provider}}, {{caller}}' }]
    }),
    timeSeries({
      id: 114,
      title: 'Problems by code',
      ...third,
      unit: 'reqps',
      min: 0,
      asks: 'With which problem are requests answered? README lists what each code means.',
      queries: [{ expr: `${rate('problems_total', 'code', INSTANCE)} > 0`, legend: '{{code}}' }],
      noValue: 'none'
    }),
    timeSeries({
      id: 115,
      title: 'Credentials rejected',
      ...third,
      unit: 'reqps',
      min: 0,
      asks: 'Why are credentials refused? auth: wrong keys or origins; rate_limit and quota: limits and caps of an app; validation: requests that are not well formed.',
      queries: [{ expr: rate('credentials_rejected_total', 'reason', INSTANCE), legend: '{{reason}}' }]
    })
  ]
}
