import { stringify } from 'yaml'
import { runbookUrl } from '../runbook-url.ts'
import { OBJECTIVES } from './objectives.ts'
import type { Objective } from './objectives.ts'

interface Rule { record?: string, alert?: string, expr: string, for?: string, labels?: Record<string, string>, annotations?: Record<string, string> }
interface Burn { severity: 'page' | 'ticket', long: string, short: string, factor: number, for: string }

/**
 * When the error budget burns too fast: both windows above `factor` times the rate that would just use it up in 30 days
 * (Google SRE Workbook, chapter 5, table 5-8). The long one says that it matters, the short one that it goes on. Whoever
 * is paged has lost 2 % of the budget (1h) or 5 % (6h), behind a ticket stand 10 %.
 */
const BURNS: readonly Burn[] = [
  { severity: 'page', long: '1h', short: '5m', factor: 14.4, for: '2m' },
  { severity: 'page', long: '6h', short: '30m', factor: 6, for: '15m' },
  { severity: 'ticket', long: '1d', short: '2h', factor: 3, for: '1h' },
  { severity: 'ticket', long: '3d', short: '6h', factor: 1, for: '3h' }
]
const DAYS = 30
const SECONDS: Readonly<Record<string, number>> = { '1h': 3600, '6h': 21_600, '1d': 86_400, '3d': 259_200 }

/** Evaluated with all else; of the others a step of minutes is fine enough, and spares reading a month each time. */
const FAST_WINDOWS = ['30m', '1h', '2h', '6h']
const SLOW_WINDOWS = ['1d', '3d', '30d']
const SLOW_INTERVAL = '2m'

const OBJECTIVE = 'slo:spillway_objective:ratio'
const EVENTS = 'slo:spillway_events:rate5m'
const BAD_EVENTS = 'slo:spillway_bad_events:rate5m'
const ratioOver = (window: string): string => `slo:spillway_errors:ratio_rate${window}`
/** In decimal, without the noise of binary fractions. */
const decimal = (value: number): string => String(Number(value.toPrecision(3)))

/** The rules of all objectives, as a rule file of Prometheus. */
export function makeSloRules (): string {
  const groups = [
    { name: 'spillway-slo-events', rules: OBJECTIVES.flatMap(recordEvents) },
    {
      name: 'spillway-slo-ratios',
      // where nothing happens there is no ratio, rather than a wrong one
      rules: [{ record: ratioOver('5m'), expr: `${BAD_EVENTS} / (${EVENTS} > 0)` }, ...FAST_WINDOWS.map(recordRatio)]
    },
    {
      name: 'spillway-slo-slow-ratios',
      interval: SLOW_INTERVAL,
      rules: [
        ...SLOW_WINDOWS.map(recordRatio),
        { record: 'slo:spillway_error_budget_left:ratio', expr: `1 - ${ratioOver('30d')} / (1 - ${OBJECTIVE})` }
      ]
    },
    { name: 'spillway-slo-alerts', rules: OBJECTIVES.flatMap(objective => BURNS.map(burn => alertOn(objective, burn))) }
  ]
  return '# Made by `npm run prometheus` out of infra/prometheus/slo/objectives.ts: change it there.\n' +
    stringify({ groups }, { lineWidth: 0, aliasDuplicateObjects: false })
}

function recordEvents ({ id, target, events, badEvents }: Objective): Rule[] {
  const labels = { slo: id }
  return [
    { record: OBJECTIVE, expr: `vector(${target})`, labels },
    { record: EVENTS, expr: events, labels },
    // while nobody can say what happens nothing is good: the means of both are over the same time
    { record: BAD_EVENTS, expr: `(${badEvents}) and on () ${EVENTS}{slo="${id}"}`, labels }
  ]
}

/**
 * Means of the rates of five minutes, so that every event weighs the same. Reading the counters themselves over days would
 * be too much: a thousand nodes have ten thousand series of probes.
 */
const recordRatio = (window: string): Rule => ({
  record: ratioOver(window),
  expr: `avg_over_time(${BAD_EVENTS}[${window}]) / (avg_over_time(${EVENTS}[${window}]) > 0)`
})

function alertOn ({ id, alert, target, badEventsAre, leastBadEvents }: Objective, { severity, long, short, factor, for: patience }: Burn): Rule {
  const limit = decimal(factor * (1 - target))
  const above = (window: string): string => `${ratioOver(window)}{slo="${id}"} > ${limit}`
  return {
    alert,
    expr: `${above(long)} and ${above(short)} and avg_over_time(${BAD_EVENTS}{slo="${id}"}[${long}]) * ${SECONDS[long]} >= ${leastBadEvents}`,
    for: patience,
    labels: { severity, window: long },
    annotations: {
      summary: `At this pace the error budget of {{ $labels.slo }} is gone in ${decimal(DAYS / factor)} days`,
      description: `{{ $value | humanizePercentage }} went wrong in the last ${long}: ${badEventsAre}. ` +
        `${decimal(100 * (1 - target))} % may be in ${DAYS} days.`,
      runbook_url: runbookUrl(alert),
      dashboard_url: '/d/spillway-slo'
    }
  }
}
