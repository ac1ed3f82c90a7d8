import type { DashboardRule, PanelRule } from './finding.ts'
import type { DashboardView, PanelView } from './view.ts'

/** What we ask of our dashboards beyond the linter. */

/** The panels Grafana 11 has and grafana/pictures can draw. */
const TYPES = new Set(['timeseries', 'stat', 'bargauge', 'table'])
const COLUMNS = 24

const twice = <T>(values: readonly T[]): T[] => values.filter((value, index) => values.indexOf(value) !== index)

function overlaps ({ panels }: DashboardView): string[] {
  return panels.flatMap((one, index) => [
    ...one.gridPos.x + one.gridPos.w > COLUMNS ? [`panel ${one.id} leaves the grid`] : [],
    ...panels.slice(index + 1).filter(other => overlap(one.gridPos, other.gridPos)).map(({ id }) => `panels ${one.id} and ${id} overlap`)
  ])
}

const overlap = (a: PanelView['gridPos'], b: PanelView['gridPos']): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

const isSingleValue = ({ type }: PanelView): boolean => type === 'stat' || type === 'bargauge'
const hasColour = ({ fieldConfig: { defaults } }: PanelView): boolean =>
  (defaults.mappings ?? []).length > 0 || (defaults.thresholds?.steps ?? []).some(({ color }) => color !== 'text')

/** A table shows what its columns are named after; one that no query makes would be missing without a word. */
function columns ({ type, targets, transformations }: PanelView): string[] {
  if (type !== 'table') return []
  const names: string[] = transformations.find(({ id }) => id === 'filterFieldsByName')?.options.include.names ?? []
  const values = targets.length === 1 ? ['Value'] : targets.map(({ refId }) => `Value #${refId}`)
  return [
    ...names.filter(name => name.startsWith('Value') && !values.includes(name)).map(name => `no query makes the column ${name}`),
    ...values.filter(value => !names.includes(value) && !isOnlyForLabels(value, targets)).map(value => `${value} is asked for and not shown`)
  ]
}

/** `legend: 'is'` and `'info'` say so of a query whose value is always 1. */
const isOnlyForLabels = (value: string, targets: PanelView['targets']): boolean =>
  ['is', 'info'].includes(targets.find(({ refId }) => value === `Value #${refId}`)?.legendFormat ?? '')

function linkProblems (uids: ReadonlySet<string>, headings: ReadonlySet<string>) {
  return ({ links }: PanelView): string[] => links.flatMap(({ title, url }) => {
    const [, uid] = /^\/d\/([\w-]+)/.exec(url) ?? []
    const [, anchor] = /\/runbooks#(.+)$/.exec(url) ?? []
    if (uid !== undefined) return uids.has(uid) ? [] : [`the link ${title} leads to a dashboard that is not there: ${uid}`]
    if (anchor !== undefined) return headings.has(anchor) ? [] : [`the link ${title} leads to a runbook that is not there: #${anchor}`]
    return [`the link ${title} leads to nothing that is known here: ${url}`]
  })
}

/** @param headings anchors of the runbooks */
export const ownRules = (uids: ReadonlySet<string>, headings: ReadonlySet<string>): (DashboardRule | PanelRule)[] => [
  { name: 'schema-version', dashboard: ({ schemaVersion }) => schemaVersion === 42 ? [] : [`is ${schemaVersion}`] },
  { name: 'ids-are-unique', dashboard: ({ rows, panels }) => twice([...rows, ...panels].map(({ id }) => id)).map(id => `${id} is there twice`) },
  { name: 'nothing-overlaps', dashboard: overlaps },
  { name: 'panel-type', panel: ({ type }) => TYPES.has(type) ? [] : [`${type} cannot be drawn`] },
  { name: 'description-asks', panel: ({ description = '' }) => description.includes('?') ? [] : ['the description asks nothing'] },
  { name: 'ref-ids-are-unique', panel: ({ targets }) => twice(targets.map(({ refId }) => refId)).map(refId => `${refId} is there twice`) },
  { name: 'value-has-colour', panel: panel => isSingleValue(panel) && !hasColour(panel) ? ['says neither when its value is bad nor that it never is'] : [] },
  { name: 'last-value', panel: panel => isSingleValue(panel) && panel.options?.reduceOptions?.calcs?.[0] !== 'lastNotNull' ? ['shows no value'] : [] },
  { name: 'columns-are-asked-for', panel: columns },
  { name: 'links-lead-somewhere', panel: linkProblems(uids, headings) }
]
