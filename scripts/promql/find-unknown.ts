import { metricsOf } from './read-promql.ts'

/** The labels of each metric that is exported; those Prometheus adds (`job`, `instance`) need not be among them. */
export type KnownMetrics = ReadonlyMap<string, readonly string[]>
interface Recorded { record: string, expr: string, labels?: Record<string, string> }

const ADDED_BY_PROMETHEUS = ['job', 'instance']

/** The series of a metric by its kind: a histogram is three of them. */
export function seriesOf ({ name, type, labels }: { name: string, type: string, labels: readonly string[] }): Array<[string, readonly string[]]> {
  return type === 'histogram' ? [[`${name}_bucket`, [...labels, 'le']], [`${name}_sum`, labels], [`${name}_count`, labels]] : [[name, labels]]
}

/**
 * What an expression reads that nobody exports, in words: a metric that does not exist, or a label that a metric does not
 * have. A metric that is recorded is looked for behind its rule, down to what is exported. None: all is well.
 * @param wanted labels its result must have
 */
export function findUnknown (expr: string, wanted: readonly string[], known: KnownMetrics, recorded: readonly Recorded[]): string[] {
  let uses
  try {
    uses = metricsOf(expr, wanted)
  } catch (error) {
    return [(error as Error).message]
  }
  return uses.flatMap(({ name, labels }) => {
    const rules = recorded.filter(({ record }) => record === name)
    if (rules.length > 0) {
      return rules.flatMap(rule => findUnknown(rule.expr, labels.filter(label => !(label in (rule.labels ?? {}))), known, recorded))
    }
    const own = known.get(name)
    if (own === undefined) return [`nobody exports ${name}`]
    return labels.filter(label => !own.includes(label) && !ADDED_BY_PROMETHEUS.includes(label)).map(label => `${name} has no label ${label}`)
  })
}
