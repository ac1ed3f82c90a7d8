import { OBJECTIVES } from '../../infra/prometheus/slo/objectives.ts'
import type { Objective } from '../../infra/prometheus/slo/objectives.ts'
import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { runbook, toControlPlane, toFleet } from '../kit/links.ts'
import { stat, timeSeries } from '../kit/panel-spec.ts'
import type { Link, RowSpec } from '../kit/panel-spec.ts'

/** What only a dashboard needs to know of an objective: its place, its name, and where to look next. */
const SHOWN: Readonly<Record<string, { id: number, title: string, link: Link }>> = {
  'issuance-availability': { id: 100, title: 'Issuance', link: toControlPlane },
  'issuance-latency': { id: 200, title: 'Issue latency', link: toControlPlane },
  'relay-reachability': { id: 300, title: 'Relay reachability', link: toFleet },
  'accounting-lag': { id: 400, title: 'Accounting', link: toFleet }
}

/** Windows that alerts are judged by: pages at 14.4 and 6 times the rate that lasts 30 days, tickets at 3 and 1. */
const WINDOWS = ['5m', '1h', '6h', '3d'] as const
const BURN = [[null, 'green'], [1, 'yellow'], [3, 'orange'], [6, 'red']] as const
const SECONDS_OF_BUDGET = 30 * 86_400
/** Beyond this nobody plans. */
const A_YEAR = 365 * 86_400

function rowOf ({ id: slo, alert, target, badEventsAre }: Objective): RowSpec {
  const { id, title, link } = SHOWN[slo] ?? { id: 900, title: slo, link: toControlPlane }
  const recorded = (name: string): string => `slo:spillway_${name}{slo="${slo}"}`
  const burn = (window: string): string => `${recorded(`errors:ratio_rate${window}`)} / (1 - ${recorded('objective:ratio')})`
  const percent = `${Number((target * 100).toFixed(3))} %`
  const links = [link, runbook(alert)]
  const small = { width: 4, height: 7, links }
  return {
    id,
    title: `${title}: ${percent}`,
    panels: [
      stat({
        ...small,
        id: id + 1,
        title: 'Budget left',
        unit: 'percentunit',
        decimals: 1,
        noValue: 'no data',
        asks: `How much of what may go wrong in 30 days is left? ${percent} shall be good; bad are ${badEventsAre}. Below zero the objective is missed.`,
        queries: [{ expr: recorded('error_budget_left:ratio'), legend: 'left' }],
        thresholds: [[null, 'red'], [0.1, 'orange'], [0.5, 'green']]
      }),
      stat({
        ...small,
        id: id + 2,
        title: 'Gone in',
        unit: 's',
        decimals: 1,
        asks: 'When is the budget used up, if it goes on as in the last six hours? Less than three days is worth a look today.',
        queries: [{ expr: `clamp_max(clamp_min(${recorded('error_budget_left:ratio')}, 0) * ${SECONDS_OF_BUDGET} / clamp_min(${burn('6h')}, 0.001), ${A_YEAR})`, legend: 'gone in' }],
        thresholds: [[null, 'red'], [3 * 86_400, 'orange'], [SECONDS_OF_BUDGET, 'green']],
        mappings: { [A_YEAR]: { text: 'not this year', colour: 'green' } }
      }),
      stat({
        ...small,
        id: id + 3,
        title: 'Good, in the time shown',
        unit: 'percentunit',
        decimals: 3,
        noValue: 'no data',
        asks: `Which share was good in the time that is shown? The objective is ${percent}; bad are ${badEventsAre}.`,
        queries: [{ expr: `1 - avg_over_time(${recorded('bad_events:rate5m')}[$__range]) / (avg_over_time(${recorded('events:rate5m')}[$__range]) > 0)`, legend: 'good', instant: true }],
        thresholds: [[null, 'red'], [target, 'green']]
      }),
      timeSeries({
        id: id + 4,
        title: 'Burn rate',
        width: 12,
        height: 7,
        unit: 'short',
        softMax: 2,
        min: 0,
        lines: true,
        asks: 'How fast is the budget used? At 1 it lasts exactly 30 days, at 14.4 two days. It pages when 5m and 1h are above 14.4, or 30m and 6h above 6.',
        queries: WINDOWS.map(window => ({ expr: burn(window), legend: window })),
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
