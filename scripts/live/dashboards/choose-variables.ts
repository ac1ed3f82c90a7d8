import type { Prometheus } from '../prometheus.ts'
import type { Model, Variable } from './grafana-model.ts'
import { escapeChoice, interpolate } from './interpolate.ts'
import type { Range } from './interpolate.ts'

/** What the menus of a dashboard are set to: All, or the first value of each. */
export interface Choices {
  all: Map<string, string>
  one: Map<string, string>
  /** what is wrong with a menu */
  problems: string[]
}

/** Fills the menus from left to right, each filtered by those before it, as Grafana does when a dashboard is opened. */
export async function chooseVariables ({ templating }: Model, prometheus: Prometheus, range: Range): Promise<Choices> {
  const choices: Choices = { all: new Map(), one: new Map(), problems: [] }
  for (const variable of templating.list) {
    if (variable.type === 'datasource') continue
    const values = await valuesOf(variable, prometheus, range, choices.all).catch((error: Error) => {
      choices.problems.push(`$${variable.name}: ${error.message}`)
      return []
    })
    if (values.length === 0) choices.problems.push(`$${variable.name} has no values`)
    choices.all.set(variable.name, variable.allValue ?? `(${values.map(escapeChoice).join('|')})`)
    choices.one.set(variable.name, escapeChoice(values[0] ?? ''))
  }
  return choices
}

/** @throws where the query is no label_values(selector, label) */
async function valuesOf ({ query = '' }: Variable, prometheus: Prometheus, range: Range, before: ReadonlyMap<string, string>): Promise<string[]> {
  const text = typeof query === 'string' ? query : query.query
  const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/.exec(text) ?? []
  if (selector === undefined || label === undefined) throw new Error(`cannot read ${text}`)
  return await prometheus.labelValues(label, interpolate(selector, range, before), range.from, range.to)
}
