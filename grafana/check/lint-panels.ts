import * as units from '@grafana/grafana-foundation-sdk/units'
import { metricsOf } from '../../scripts/promql/read-promql.ts'
import { selectorsOf } from '../../scripts/promql/read-selectors.ts'
import type { PanelRule, TargetRule } from './finding.ts'
import type { PanelView, TargetView } from './view.ts'
import { RATE_INTERVAL, withoutMacros } from './view.ts'

/** Rules of grafana/dashboard-linter that look at panels and their queries, under its names; for every type of panel we use. */

const KNOWN_UNITS = new Set<unknown>(Object.values(units))
const RATES = new Set(['rate', 'irate', 'increase'])

function unitsOf ({ fieldConfig: { defaults, overrides } }: PanelView): string[] {
  const overridden = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'unit').map(({ value }) => String(value)))
  return [defaults.unit ?? 'no unit', ...overridden].filter(unit => !KNOWN_UNITS.has(unit)).map(unit => `Grafana has no such unit: ${unit}`)
}

export const PANEL_RULES: readonly PanelRule[] = [
  {
    name: 'panel-datasource-rule',
    panel: ({ datasource }) => datasource?.uid === '${datasource}' ? [] : ['does not ask the chosen data source'] // eslint-disable-line no-template-curly-in-string
  },
  {
    name: 'panel-title-description-rule',
    panel: ({ title, description }) => title && description ? [] : ['has no title or no description']
  },
  { name: 'panel-units-rule', panel: unitsOf },
  { name: 'panel-no-targets-rule', panel: ({ targets }) => targets.length > 0 ? [] : ['asks nothing'] }
]

function promql ({ expr }: TargetView): string[] {
  try {
    metricsOf(withoutMacros(expr))
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** @param name a label every selector must match with the variable of that name */
const matches = (name: string) => ({ expr }: TargetView): string[] => selectorsOf(withoutMacros(expr))
  .filter(({ matchers }) => !matchers.some(({ label, operator, value }) => label === name && operator === '=~' && value === `$${name}`))
  .map(selector => `${selector.name} is not chosen by ${name}`)

function counterAggregation ({ expr }: TargetView): string[] {
  return selectorsOf(withoutMacros(expr)).filter(({ name, call }) => name.endsWith('_total') && !RATES.has(call ?? ''))
    .map(({ name }) => `${name} is a counter outside of rate and increase`)
}

function rateInterval ({ expr }: TargetView): string[] {
  return selectorsOf(withoutMacros(expr)).filter(({ range, call }) => (call === 'rate' || call === 'irate') && range !== RATE_INTERVAL)
    .map(({ name }) => `the rate of ${name} is not over $__rate_interval`)
}

/** LogQL is Loki's, which nothing here asks: were it asked, these two rules would have to be written. */
const noLoki = ({ datasource }: TargetView, panel: PanelView): string[] =>
  (datasource ?? panel.datasource)?.type === 'prometheus' ? [] : ['asks something else than Prometheus, and no rule knows its language']

export const TARGET_RULES: readonly TargetRule[] = [
  { name: 'target-promql-rule', target: promql },
  { name: 'target-rate-interval-rule', target: rateInterval },
  { name: 'target-job-rule', target: matches('job') },
  { name: 'target-instance-rule', target: matches('instance') },
  { name: 'target-counter-agg-rule', target: counterAggregation },
  { name: 'target-logql-rule', target: noLoki },
  { name: 'target-logql-auto-rule', target: noLoki }
]
