import { findUnknown, seriesOf } from '../../scripts/promql/find-unknown.ts'
import { metricsOf } from '../../scripts/promql/read-promql.ts'
import { withoutMacros } from './view.ts'

/** A metric as its process defines it. */
export interface Exported { process: string, name: string, type: string, labels: readonly string[] }

/** A rule of Prometheus: what it records, or the alert it raises. */
export interface RuleView { record?: string, alert?: string, expr: string, labels?: Record<string, string> }

export type KnownMetrics = ReturnType<typeof knowMetrics>

/** All that an expression may read: what processes export, by the name of each series, and what rules record. */
export function knowMetrics (exported: readonly Exported[], rules: readonly RuleView[]) {
  const series = exported.flatMap(metric => seriesOf(metric).map(([name, labels]) => ({ ...metric, name, labels })))
  const exporters = Map.groupBy(series, ({ name }) => name)
  const known = new Map([...exporters].map(([name, all]) => [name, all.flatMap(({ labels }) => labels)]))
  const recorded = rules.flatMap(({ record, expr, labels = {} }) => record === undefined ? [] : [{ record, expr, labels }])
  return {
    /** What an expression reads, or needs of what it reads, that is not there; `wanted` are labels its result must have. */
    missingIn: (expr: string, wanted: readonly string[] = []): string[] => [...new Set(findUnknown(withoutMacros(expr), wanted, known, recorded))],
    exportersOf: (name: string): readonly Exported[] => exporters.get(name) ?? []
  }
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
  const isRead = (metric: Exported): boolean => seriesOf(metric).some(([name]) => read.has(name))
  const names = Map.groupBy(exported, ({ name }) => name)
  return [
    ...[...names].filter(([name, [metric]]) => metric && !isRead(metric) && !unused.has(name)).map(([name]) => `${name} is exported and read by no panel, rule or alert`),
    ...[...unused.keys()].filter(name => !names.has(name)).map(name => `${name} is listed as unused, and nobody exports it`),
    ...[...unused.keys()].filter(name => names.get(name)?.some(isRead) === true).map(name => `${name} is listed as unused, and is read`)
  ]
}
