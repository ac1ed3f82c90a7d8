import { metricsOf } from '../../scripts/promql/read-promql.ts'
import { selectorsOf } from '../../scripts/promql/read-selectors.ts'
import type { DashboardRule, TargetRule } from './finding.ts'
import type { PanelView, TargetView } from './view.ts'
import { labelsIn, withoutMacros } from './view.ts'

/** A metric that is there to be read: exported by a process, or recorded by a rule. */
export interface KnownMetric { name: string, type: 'counter' | 'gauge' | 'histogram' | 'recorded', labels: readonly string[], process?: string }

/** What Prometheus adds to everything it scrapes. */
const OF_THE_SCRAPE = ['job', 'instance']
/** Of each agent its own, so that a sum over them is right. */
const PROCESS_OF_ITS_OWN = 'relay-agent'

/** By each name its series have: of a histogram three. */
export function byName (metrics: readonly KnownMetric[]): Map<string, KnownMetric[]> {
  const entries = metrics.flatMap(metric => metric.type !== 'histogram'
    ? [[metric.name, metric] as const]
    : ['_bucket', '_sum', '_count'].map(suffix => [metric.name + suffix, { ...metric, labels: suffix === '_bucket' ? [...metric.labels, 'le'] : metric.labels }] as const))
  return Map.groupBy(entries, ([name]) => name).entries()
    .map(([name, all]) => [name, all.map(([, metric]) => metric)] as const)
    .reduce((map, [name, all]) => map.set(name, all), new Map<string, KnownMetric[]>())
}

/** What an expression reads that is not there; `wanted` are labels its result must have. */
export function unknownIn (expr: string, wanted: readonly string[], known: ReadonlyMap<string, readonly KnownMetric[]>): string[] {
  let uses
  try {
    uses = metricsOf(withoutMacros(expr), wanted)
  } catch (error) {
    return [(error as Error).message]
  }
  return uses.flatMap(({ name, labels }) => {
    const metrics = known.get(name)
    if (!metrics) return [`nobody exports ${name}`]
    const has = (metric: KnownMetric, label: string): boolean => metric.labels.includes(label) || (metric.type !== 'recorded' && OF_THE_SCRAPE.includes(label))
    return labels.filter(label => !metrics.some(metric => has(metric, label))).map(label => `${name} has no label ${label}`)
  })
}

/** The labels of the columns of a table, which any of its queries may bring. */
const columnLabels = ({ transformations }: PanelView): string[] =>
  (transformations.find(({ id }) => id === 'filterFieldsByName')?.options.include.names as string[] | undefined ?? []).filter(name => !name.startsWith('Value'))

/** Queries that are there for labels, which the table must get from them. */
const labelsOf = ({ legendFormat, format }: TargetView, panel: PanelView): string[] =>
  format !== 'table' ? labelsIn(legendFormat) : panel.targets.length === 1 ? columnLabels(panel) : []

function columnsWithoutSource (panel: PanelView, known: ReadonlyMap<string, readonly KnownMetric[]>): string[] {
  if (panel.type !== 'table') return []
  return columnLabels(panel).filter(label => panel.targets.every(({ expr }) => unknownIn(expr, [label], known).length > 0))
    .map(label => `no query of the table has the label ${label}`)
}

/** A gauge that replicas export alike is one fact: a sum over them would count it as often as it is told. */
function sums (expr: string, known: ReadonlyMap<string, readonly KnownMetric[]>): string[] {
  return selectorsOf(withoutMacros(expr)).filter(({ name, aggregation }) =>
    aggregation === 'sum' && known.get(name)?.some(({ type, process }) => type === 'gauge' && process !== PROCESS_OF_ITS_OWN))
    .map(({ name }) => `${name} is summed over the replicas that tell it: take max by its labels first`)
}

export function metricRules (known: ReadonlyMap<string, readonly KnownMetric[]>): (TargetRule | DashboardRule)[] {
  const counters = (expr: string): string[] => selectorsOf(withoutMacros(expr))
    .filter(({ name, range }) => range === undefined && known.get(name)?.some(({ type }) => type === 'counter' || type === 'histogram'))
    .map(({ name }) => `${name} only ever grows: take its rate or increase`)
  return [
    { name: 'metrics-exist', target: (target, panel) => unknownIn(target.expr, labelsOf(target, panel), known) },
    { name: 'shared-truth', target: ({ expr }) => sums(expr, known) },
    { name: 'counters-are-rated', target: ({ expr }) => counters(expr) },
    { name: 'columns-have-a-source', dashboard: ({ panels }) => panels.flatMap(panel => columnsWithoutSource(panel, known).map(says => `${panel.id}: ${says}`)) },
    {
      name: 'annotations-exist',
      dashboard: ({ annotations }) => annotations.flatMap(({ name, expr, titleFormat, textFormat, tagKeys = '' }) =>
        expr === undefined ? [`${name} asks nothing`] : unknownIn(expr, [...labelsIn(titleFormat), ...labelsIn(textFormat), ...tagKeys.split(',').filter(Boolean)], known).map(says => `${name}: ${says}`))
    },
    {
      name: 'variables-exist',
      dashboard: ({ variables }) => variables.filter(({ type }) => type === 'query').flatMap(({ name, query }) => {
        const [, selector = '', label = ''] = /^label_values\((.+), *(\w+)\)$/.exec(typeof query === 'string' ? query : query?.query ?? '') ?? []
        return unknownIn(selector, [label], known).map(says => `$${name}: ${says}`)
      })
    }
  ]
}
