import { dashboards, toJson } from '../../../grafana/all-dashboards.ts'

/** As much of Grafana's classic dashboard model as a check needs that runs its queries. */
export interface Target { refId: string, expr: string, legendFormat?: string, instant?: boolean, range?: boolean, format?: string }

export interface Panel {
  id: number
  type: string
  title: string
  targets?: Target[]
  /** of a collapsed row */
  panels?: Panel[]
  transformations?: Array<{ id: string, options: any }>
}

export interface Variable { name: string, type: string, query?: string | { query: string }, allValue?: string, includeAll?: boolean, multi?: boolean }

export interface Annotation { name: string, expr?: string }

export interface Model { uid: string, title: string, panels: Panel[], templating: { list: Variable[] }, annotations?: { list?: Annotation[] } }

/** The dashboards as their JSON has them. */
export const builtDashboards = (): Model[] => dashboards().map((built) => JSON.parse(toJson(built)) as Model)

/** All panels with queries, those in collapsed rows too. */
export const panelsOf = ({ panels }: Pick<Model, 'panels'>): Panel[] =>
  panels.flatMap((panel) => [...panel.type === 'row' ? [] : [panel], ...panelsOf({ panels: panel.panels ?? [] })]).filter(({ targets = [] }) => targets.length > 0)

/** The labels a legend names, `{{label}}` each. */
export const legendLabels = ({ legendFormat = '' }: Target): string[] => [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label)

/** The columns of a table that are labels: what is kept of its fields, less values and time. */
export const labelColumns = ({ transformations = [] }: Panel): string[] => {
  const kept: string[] = transformations.find(({ id }) => id === 'filterFieldsByName')?.options.include?.names ?? []
  return kept.filter((name) => name !== 'Time' && !/^Value( #|$)/.test(name))
}
