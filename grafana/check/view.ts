import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

/** As much of Grafana's classic model as the checks need; the SDK types queries and options as unknown. */
export interface TargetView { refId: string, expr: string, legendFormat?: string, instant?: boolean, range?: boolean, format?: string, datasource?: { type?: string, uid?: string } }

export interface PanelView {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { type?: string, uid?: string }
  gridPos: { x: number, y: number, w: number, h: number }
  targets: TargetView[]
  links: { title: string, url: string }[]
  fieldConfig: {
    defaults: { unit?: string, mappings?: unknown[], thresholds?: { steps: { value: number | null, color: string }[] } }
    overrides: { matcher: { options: string }, properties: { id: string, value: unknown }[] }[]
  }
  transformations: { id: string, options: any }[]
  options?: { reduceOptions?: { calcs?: string[] } }
}

export interface VariableView {
  name: string
  type: string
  label?: string
  query?: string | { query: string }
  datasource?: { uid?: string }
  multi?: boolean
  includeAll?: boolean
  allValue?: string
  refresh?: number
}

export interface AnnotationView { name: string, expr?: string, iconColor?: string, useValueForTime?: boolean, titleFormat?: string, textFormat?: string, tagKeys?: string }

export interface DashboardView {
  uid: string
  title: string
  editable: boolean
  schemaVersion: number
  rows: { id: number, title: string, y: number }[]
  panels: PanelView[]
  variables: VariableView[]
  annotations: AnnotationView[]
}

/** @throws where the dashboard has no uid, which no link could name */
export function viewOf (built: Dashboard): DashboardView {
  if (!built.uid) throw new Error(`${built.title ?? 'a dashboard'} has no uid`)
  const panels = (built.panels ?? []) as unknown as (Partial<PanelView> & { type: string, id: number })[]
  return {
    uid: built.uid,
    title: built.title ?? '',
    editable: built.editable ?? true,
    schemaVersion: built.schemaVersion,
    rows: panels.filter(({ type }) => type === 'row').map(({ id, title = '', gridPos }) => ({ id, title, y: gridPos?.y ?? 0 })),
    panels: panels.filter(({ type }) => type !== 'row').map(withDefaults),
    variables: (built.templating?.list ?? []) as VariableView[],
    annotations: (built.annotations?.list ?? []) as AnnotationView[]
  }
}

const withDefaults = (panel: Partial<PanelView> & { type: string, id: number }): PanelView => ({
  title: '',
  gridPos: { x: 0, y: 0, w: 0, h: 0 },
  ...panel,
  targets: panel.targets ?? [],
  links: panel.links ?? [],
  transformations: panel.transformations ?? [],
  fieldConfig: { defaults: panel.fieldConfig?.defaults ?? {}, overrides: panel.fieldConfig?.overrides ?? [] }
})

/** What stands in the place of Grafana's macros, so that an expression is PromQL; nobody writes these lengths by hand. */
export const RATE_INTERVAL = '11277964s'
export const RANGE = '11277965s'

export const withoutMacros = (expr: string): string => expr
  .replaceAll('$__rate_interval', RATE_INTERVAL)
  .replaceAll('$__range', RANGE)
  .replaceAll('$__interval', '11277966s')

/** The labels a text of Grafana's fills in, `{{label}}` each. */
export const labelsIn = (text = ''): string[] => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label)
