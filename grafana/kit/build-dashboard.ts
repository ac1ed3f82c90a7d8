import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard'
import { annotations } from './annotations.ts'
import { buildPanel, DATASOURCE } from './build-panel.ts'
import type { RowSpec } from './panel-spec.ts'
import { select } from './select.ts'

/** The classic model, which file provisioning takes in Grafana 11 to 13; the newest number of it. */
const SCHEMA_VERSION = 42

export type VariableName = 'job' | 'instance' | 'region' | 'node' | 'app'

export interface DashboardSpec {
  uid: string
  title: string
  description: string
  variables: readonly VariableName[]
  /** how much is shown at first, such as `now-1h` */
  from: string
  rows: readonly RowSpec[]
}

/** Each is filtered by those before it. */
const VARIABLES: Record<VariableName, { label: string, metric: string, matchers: readonly string[] }> = {
  job: { label: 'Job', metric: 'spillway_build_info', matchers: [] },
  instance: { label: 'Instance', metric: select('build_info'), matchers: [] },
  region: { label: 'Region', metric: select('node_info'), matchers: [] },
  node: { label: 'Node', metric: select('node_info', 'region=~"$region"'), matchers: [] },
  app: { label: 'App', metric: select('spend_usd', 'app!="_all"'), matchers: [] }
}

const variable = (name: VariableName) => {
  const { label, metric } = VARIABLES[name]
  return new QueryVariableBuilder(name).label(label).datasource(DATASOURCE)
    .query({ query: `label_values(${metric}, ${name})`, refId: name }).definition(`label_values(${metric}, ${name})`)
    .multi(true).includeAll(true).allValue(name === 'job' || name === 'instance' ? '.+' : '.*').current({ text: 'All', value: '$__all' })
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc)
}

/** Grafana's object of it, with the ids and layout that its JSON must have. */
export function buildDashboard ({ uid, title, description, variables, from, rows }: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(title).uid(uid).description(description).tags(['spillway']).timezone('utc').readonly()
    .time({ from, to: 'now' }).refresh('30s').tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
      ...variables.map(variable)
    ])
    .annotations(annotations())
    .link(new DashboardLinkBuilder('Spillway').type(DashboardLinkType.Dashboards).tags(['spillway']).keepTime(true).includeVars(true).asDropdown(false))
  for (const { id, title, panels } of rows) {
    builder.withRow(new RowBuilder(title).id(id))
    for (const panel of panels) builder.withPanel(buildPanel(panel))
  }
  // plain data, as it will be read: what the SDK adds for itself is gone, and no two places share an object
  return withoutPlacement(JSON.parse(JSON.stringify({ ...builder.build(), id: null, schemaVersion: SCHEMA_VERSION })) as Dashboard)
}

/** The SDK would hide annotations and links in a menu that came with Grafana 12. */
function withoutPlacement (dashboard: Dashboard): Dashboard {
  const ofPanels = (dashboard.panels ?? []).flatMap(panel => 'links' in panel ? panel.links ?? [] : [])
  for (const one of [...dashboard.annotations?.list ?? [], ...dashboard.links ?? [], ...ofPanels]) delete one.placement
  return dashboard
}
