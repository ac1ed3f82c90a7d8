import { metricsOf } from '../../scripts/promql/read-promql.ts'
import type { DashboardRule } from './finding.ts'
import type { DashboardView, VariableView } from './view.ts'
import { withoutMacros } from './view.ts'

/** Rules of grafana/dashboard-linter that look at a dashboard as a whole, under its names. */

const queryOf = ({ query }: VariableView): string => typeof query === 'string' ? query : query?.query ?? ''

function templateOf (view: DashboardView, name: string, label: string): string[] {
  const variable = view.variables.find(one => one.name === name)
  if (!variable) return [`there is no variable ${name}`]
  const faults: [boolean, string][] = [
    [variable.type !== 'query', `${name} is no query`],
    [variable.datasource?.uid !== '${datasource}', `${name} does not ask the chosen data source`], // eslint-disable-line no-template-curly-in-string
    [variable.label !== label, `${name} is not labelled ${label}`],
    [variable.multi !== true, `of ${name} only one value can be chosen`],
    [variable.allValue !== '.+', `All of ${name} is not .+`]
  ]
  return faults.filter(([isFault]) => isFault).map(([, says]) => says)
}

function labelPromql ({ variables }: DashboardView): string[] {
  return variables.filter(({ type }) => type === 'query').flatMap(variable => {
    const [, selector] = /^label_values\((.+), *\w+\)$/.exec(queryOf(variable)) ?? []
    if (selector === undefined) return [`${variable.name} is no label_values(selector, label): ${queryOf(variable)}`]
    try {
      metricsOf(withoutMacros(selector))
      return []
    } catch (error) {
      return [`${variable.name}: ${(error as Error).message}`]
    }
  })
}

export const DASHBOARD_RULES: readonly DashboardRule[] = [
  {
    name: 'template-datasource-rule',
    dashboard: ({ variables }) => {
      const sources = variables.filter(({ type }) => type === 'datasource')
      const [source] = sources
      if (!source || sources.length > 1) return ['there is not exactly one variable for the data source']
      return source.name === 'datasource' && source.label === 'Data source' && source.query === 'prometheus' ? [] : ['the data source is not named datasource, labelled Data source, and a Prometheus']
    }
  },
  { name: 'template-job-rule', dashboard: view => templateOf(view, 'job', 'Job') },
  { name: 'template-instance-rule', dashboard: view => templateOf(view, 'instance', 'Instance') },
  { name: 'template-label-promql-rule', dashboard: labelPromql },
  {
    name: 'template-on-time-change-reload',
    dashboard: ({ variables }) => variables.filter(({ type, refresh }) => type === 'query' && refresh !== 2).map(({ name }) => `${name} is not read anew when the time range changes`)
  },
  { name: 'uneditable-dashboard-rule', dashboard: ({ editable }) => editable ? ['can be edited'] : [] }
]
