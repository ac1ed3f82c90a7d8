import { selectorsOf } from '../../scripts/promql/read-selectors.ts'
import type { DashboardRule, TargetRule } from './finding.ts'
import type { KnownMetrics } from './known-metrics.ts'
import type { PanelView, TargetView } from './view.ts'
import { labelsIn, withoutMacros } from './view.ts'

/** Of each agent its own, so that a sum over them is right. */
const PROCESS_OF_ITS_OWN = 'relay-agent'

/** The labels of the columns of a table, which any of its queries may bring. */
const columnLabels = ({ transformations }: PanelView): string[] =>
  (transformations.find(({ id }) => id === 'filterFieldsByName')?.options.include.names as string[] | undefined ?? []).filter(name => !name.startsWith('Value'))

/** Queries that are there for labels, which the table must get from them. */
const labelsOf = ({ legendFormat, format }: TargetView, panel: PanelView): string[] =>
  format !== 'table' ? labelsIn(legendFormat) : panel.targets.length === 1 ? columnLabels(panel) : []

function columnsWithoutSource (panel: PanelView, known: KnownMetrics): string[] {
  if (panel.type !== 'table') return []
  return columnLabels(panel).filter(label => panel.targets.every(({ expr }) => known.missingIn(expr, [label]).length > 0))
    .map(label => `no query of the table has the label ${label}`)
}

/** A gauge that replicas export alike is one fact: a sum over them would count it as often as it is told. */
function sums (expr: string, known: KnownMetrics): string[] {
  return selectorsOf(withoutMacros(expr)).filter(({ name, aggregation }) =>
    aggregation === 'sum' && known.exportersOf(name).some(({ type, process }) => type === 'gauge' && process !== PROCESS_OF_ITS_OWN))
    .map(({ name }) => `${name} is summed over the replicas that tell it: take max by its labels first`)
}

export function metricRules (known: KnownMetrics): (TargetRule | DashboardRule)[] {
  const counters = (expr: string): string[] => selectorsOf(withoutMacros(expr))
    .filter(({ name, range }) => range === undefined && known.exportersOf(name).some(({ type }) => type === 'counter' || type === 'histogram'))
    .map(({ name }) => `${name} only ever grows: take its rate or increase`)
  return [
    { name: 'metrics-exist', target: (target, panel) => known.missingIn(target.expr, labelsOf(target, panel)) },
    { name: 'shared-truth', target: ({ expr }) => sums(expr, known) },
    { name: 'counters-are-rated', target: ({ expr }) => counters(expr) },
    { name: 'columns-have-a-source', dashboard: ({ panels }) => panels.flatMap(panel => columnsWithoutSource(panel, known).map(says => `${panel.id}: ${says}`)) },
    {
      name: 'annotations-exist',
      dashboard: ({ annotations }) => annotations.flatMap(({ name, expr, titleFormat, textFormat, tagKeys = '' }) =>
        expr === undefined ? [`${name} asks nothing`] : known.missingIn(expr, [...labelsIn(titleFormat), ...labelsIn(textFormat), ...tagKeys.split(',').filter(Boolean)]).map(says => `${name}: ${says}`))
    },
    {
      name: 'variables-exist',
      dashboard: ({ variables }) => variables.filter(({ type }) => type === 'query').flatMap(({ name, query }) => {
        const [, selector = '', label = ''] = /^label_values\((.+), *(\w+)\)$/.exec(typeof query === 'string' ? query : query?.query ?? '') ?? []
        return known.missingIn(selector, [label]).map(says => `$${name}: ${says}`)
      })
    }
  ]
}
