import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { runbook, toControlPlane, toFleet } from '../kit/links.ts'
import { stat, timeSeries } from '../kit/panel-spec.ts'
import type { Link, RowSpec } from '../kit/panel-spec.ts'
import { select } from '../kit/select.ts'

/** One objective, with the share of events (or time) that were bad in a window. */
interface Objective {
  id: number
  title: string
  /** what is promised, as in 0.999 of requests */
  objective: number
  asks: string
  bad: (window: string) => string
  links: readonly Link[]
}

const ratio = (bad: string, all: string): string => `${bad} / (${all} > 0)`
const total = (metric: string, window: string, ...matchers: string[]): string => `sum(increase(${select(metric, ...matchers)}[${window}]))`

const OBJECTIVES: readonly Objective[] = [
  {
    id: 100,
    title: 'Issuance',
    objective: 0.999,
    asks: 'requests for credentials, those left out that were the fault of the caller, are answered',
    bad: window => ratio(total('credential_requests_total', window, 'outcome="failed"'), total('credential_requests_total', window, 'outcome=~"served|failed"')),
    links: [toControlPlane, runbook('SpillwayIssuanceErrorBudgetBurn')]
  },
  {
    id: 200,
    title: 'Issue latency',
    objective: 0.95,
    asks: 'requests for credentials are answered within 50 ms',
    bad: window => `1 - ${ratio(total('credential_request_duration_seconds_bucket', window, 'le="0.05"'), total('credential_request_duration_seconds_count', window))}`,
    links: [toControlPlane, runbook('SpillwayIssuanceLatencyBudgetBurn')]
  },
  {
    id: 300,
    title: 'Relay reachability',
    objective: 0.999,
    asks: 'probes get their bytes through a relay and back',
    bad: window => `1 - ${ratio(total('probes_total', window, 'outcome="good"'), total('probes_total', window))}`,
    links: [toFleet, runbook('SpillwayReachabilityErrorBudgetBurn')]
  },
  {
    id: 400,
    title: 'Accounting',
    objective: 0.995,
    asks: 'of the time, the ledger is less than a minute behind every node',
    bad: window => `avg_over_time((max(${select('usage_lag_seconds')}) > bool 60)[${window}:1m])`,
    links: [toFleet, runbook('SpillwayUsageLag')]
  }
]

/** Pairs of windows at which a burn is told of: pages at 14.4 and 6 times, tickets at 3 and 1. */
const BURN = [[null, 'green'], [1, 'yellow'], [3, 'orange'], [6, 'red']] as const

function rowOf ({ id, title, objective, asks, bad, links }: Objective): RowSpec {
  const allowed = Number((1 - objective).toFixed(6))
  const percent = `${Number((objective * 100).toFixed(3))} %`
  return {
    id,
    title: `${title}: ${percent}`,
    panels: [
      stat({
        id: id + 1,
        title: `${title}: budget left`,
        width: 5,
        height: 7,
        unit: 'percentunit',
        decimals: 1,
        noValue: 'no data',
        asks: `${percent} of ${asks}. How much of what may go wrong in 30 days is left? Below zero the objective is missed.`,
        queries: [{ expr: `1 - (${bad('30d')}) / ${allowed}`, legend: 'left', instant: true }],
        thresholds: [[null, 'red'], [0.1, 'orange'], [0.5, 'green']],
        links
      }),
      stat({
        id: id + 2,
        title: `${title}: in the time shown`,
        width: 5,
        height: 7,
        unit: 'percentunit',
        decimals: 3,
        noValue: 'no data',
        asks: `Which share was good in the time that is shown? The objective is ${percent}.`,
        queries: [{ expr: `1 - (${bad('$__range')})`, legend: 'good', instant: true }],
        thresholds: [[null, 'red'], [objective, 'green']],
        links
      }),
      timeSeries({
        id: id + 3,
        title: `${title}: burn rate`,
        width: 14,
        height: 7,
        unit: 'short',
        decimals: 1,
        min: 0,
        lines: true,
        legend: 'table',
        asks: 'How fast is the budget used? At 1 it lasts exactly 30 days, at 14.4 two days. A page comes when both of a pair of windows are above their line.',
        queries: ['5m', '1h', '6h', '3d'].map(window => ({ expr: `(${bad(window)}) / ${allowed}`, legend: window })),
        thresholds: BURN,
        links
      })
    ]
  }
}

export const slo: DashboardSpec = {
  uid: 'spillway-slo',
  title: 'Spillway / SLO',
  description: 'What is promised, how much of it may still go wrong, and how fast that is used up.',
  variables: ['job'],
  from: 'now-24h',
  rows: OBJECTIVES.map(rowOf)
}
