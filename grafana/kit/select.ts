/**
 * The three ways our metrics may be read; services/README.md says which metric is of which kind. Every selector carries the
 * `job` of the dashboard.
 */

/** A series selector, of the metric's name without its prefix. */
export const select = (metric: string, ...matchers: readonly string[]): string =>
  `spillway_${metric}{${['job=~"$job"', ...matchers].join(', ')}}`

/** Where a metric is of the runtime (`process_…`, `nodejs_…`), which many programs export: those of Spillway's processes only. */
export const selectRuntime = (metric: string): string =>
  `${metric}{job=~"$job", instance=~"$instance"} * on (job, instance) group_left (service) spillway_build_info{job=~"$job", instance=~"$instance"}`

/** What each process did itself, a second: the sum over all of them. */
export const rate = (metric: string, by: string, ...matchers: readonly string[]): string =>
  sumBy(by, `rate(${select(metric, ...matchers)}[$__rate_interval])`)

/** What each process did itself, in the whole time range of the dashboard. */
export const increase = (metric: string, by: string, ...matchers: readonly string[]): string =>
  sumBy(by, `increase(${select(metric, ...matchers)}[$__range])`)

/** What every replica of a process exports alike, since all read it from Redis: any of them will do, and a sum would count it twice. */
export const shared = (metric: string, by: string, ...matchers: readonly string[]): string =>
  by === '' ? `max(${select(metric, ...matchers)})` : `max by (${by}) (${select(metric, ...matchers)})`

/** When a ledger started that runs longest: for it, and for what has not happened since, that counts as the last time. */
const LEDGER_START = 'scalar(min(process_start_time_seconds{job=~"$job"} * on (job, instance) group_left () spillway_build_info{job=~"$job", service="ledger"}))'

/** Seconds since a ledger did something last, by a gauge that is 0 where it has not yet; alerts reckon the same way. */
export const ledgerAge = (metric: string, by: string): string =>
  `time() - max by (${by}) (clamp_min(${select(metric)}, ${LEDGER_START}))`

/** The quantile of a histogram, in its unit. */
export const quantile = (q: number, metric: string, by: string, ...matchers: readonly string[]): string =>
  `histogram_quantile(${q}, ${sumBy(by === '' ? 'le' : `le, ${by}`, `rate(${select(`${metric}_bucket`, ...matchers)}[$__rate_interval])`)})`

const sumBy = (by: string, expr: string): string => by === '' ? `sum(${expr})` : `sum by (${by}) (${expr})`

export const NODES = ['region=~"$region"', 'node=~"$node"'] as const
export const INSTANCE = 'instance=~"$instance"'
