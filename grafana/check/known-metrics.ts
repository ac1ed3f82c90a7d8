import { metricsOf } from '../../scripts/promql/read-promql.ts'
import { withoutMacros } from './view.ts'

/** A metric as its process defines it. */
export interface Exported { process: string, name: string, type: string, labels: readonly string[] }

/** A rule of Prometheus: what it records, or the alert it raises. */
export interface RuleView { record?: string, alert?: string, expr: string, labels?: Readonly<Record<string, string>> }

/** What Prometheus adds to everything it scrapes. */
const OF_THE_SCRAPE = ['job', 'instance']
/** What Prometheus makes by itself. */
const OF_PROMETHEUS = /^(up|ALERTS|ALERTS_FOR_STATE|scrape_\w+|prometheus_\w+|alertmanager_\w+)$/

export type KnownMetrics = ReturnType<typeof knowMetrics>

/** All that an expression may read: what processes export, by the name of each series, and what rules record. */
export function knowMetrics (exported: readonly Exported[], rules: readonly RuleView[]) {
  const series = Map.groupBy(exported.flatMap(seriesOf), ({ name }) => name)
  const recordings = Map.groupBy(rules.filter(({ record }) => record !== undefined), ({ record }) => record ?? '')

  /** What an expression reads, or needs of what it reads, that is not there; `wanted` are labels its result must have. */
  function missingIn (expr: string, wanted: readonly string[] = []): string[] {
    try {
      return metricsOf(withoutMacros(expr), wanted).flatMap(({ name, labels }) => missingOf(name, labels))
    } catch (error) {
      return [(error as Error).message]
    }
  }

  function missingOf (name: string, labels: readonly string[]): string[] {
    if (OF_PROMETHEUS.test(name)) return []
    const recorded = recordings.get(name)
    // what a rule records has the labels that its expression has, and those it adds
    if (recorded) return recorded.map(({ expr, labels: added = {} }) => missingIn(expr, labels.filter(label => !(label in added)))).find(({ length }) => length > 0) ?? []
    const exporters = series.get(name)
    if (!exporters) return [`nobody exports ${name}`]
    return labels.filter(label => !OF_THE_SCRAPE.includes(label) && !exporters.some(one => one.labels.includes(label)))
      .map(label => `${name} has no label ${label}`)
  }

  return { missingIn, exportersOf: (name: string): readonly Exported[] => series.get(name) ?? [] }
}

/** A histogram is three metrics when it is read. */
function seriesOf (metric: Exported): Exported[] {
  if (metric.type !== 'histogram') return [metric]
  return [
    { ...metric, name: `${metric.name}_bucket`, labels: [...metric.labels, 'le'] },
    { ...metric, name: `${metric.name}_sum` },
    { ...metric, name: `${metric.name}_count` }
  ]
}

/** None, where it is no PromQL: another rule says so. */
function namesIn (expr: string): string[] {
  try {
    return metricsOf(withoutMacros(expr)).map(({ name }) => name)
  } catch {
    return []
  }
}

/** Exported and read by nobody, though nobody says that this is meant; and said to be unused, though somebody reads it. */
export function judgeUse (exported: readonly Exported[], exprs: readonly string[], unused: ReadonlyMap<string, string>): string[] {
  const read = new Set(exprs.flatMap(namesIn))
  const isRead = (metric: Exported): boolean => seriesOf(metric).some(({ name }) => read.has(name))
  const names = Map.groupBy(exported, ({ name }) => name)
  return [
    ...[...names].filter(([name, [metric]]) => metric && !isRead(metric) && !unused.has(name)).map(([name]) => `${name} is exported and read by no panel, rule or alert`),
    ...[...unused.keys()].filter(name => !names.has(name)).map(name => `${name} is listed as unused, and nobody exports it`),
    ...[...unused.keys()].filter(name => names.get(name)?.some(isRead) === true).map(name => `${name} is listed as unused, and is read`)
  ]
}
