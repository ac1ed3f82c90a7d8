import type { BuiltDashboard } from '../all-dashboards.ts'
import { toJson } from '../all-dashboards.ts'
import { EXCLUSIONS, UNUSED_METRICS } from './exclusions.ts'
import { exclude, findings } from './finding.ts'
import type { Finding } from './finding.ts'
import { judgeUse, knowMetrics } from './known-metrics.ts'
import type { Exported, RuleView } from './known-metrics.ts'
import { DASHBOARD_RULES } from './lint-dashboard.ts'
import { PANEL_RULES, TARGET_RULES } from './lint-panels.ts'
import { metricRules } from './metric-rules.ts'
import { ownRules } from './own-rules.ts'
import { viewOf } from './view.ts'
import type { DashboardView } from './view.ts'

/** The rules of grafana/dashboard-linter. */
export const LINT_RULES = [...DASHBOARD_RULES, ...PANEL_RULES, ...TARGET_RULES]

/** All that dashboards must agree with. */
export interface Surroundings {
  exported: readonly Exported[]
  rules: readonly RuleView[]
  /** anchors of the headings of the runbooks */
  runbooks: ReadonlySet<string>
  /** file name -> what is committed */
  committed: ReadonlyMap<string, string>
}

/** What is wrong with the dashboards; nothing, if all is well. */
export function checkDashboards (built: readonly BuiltDashboard[], { exported, rules, runbooks, committed }: Surroundings): Finding[] {
  const views = built.map(({ dashboard }) => viewOf(dashboard))
  const known = knowMetrics(exported, rules)
  const own = ownRules(new Set(views.map(({ uid }) => uid)), runbooks)
  return [
    ...exclude(findings([...LINT_RULES, ...own, ...metricRules(known)], views), EXCLUSIONS),
    ...judgeUse(exported, [...rules.map(({ expr }) => expr), ...views.flatMap(exprsOf)], UNUSED_METRICS)
      .map(says => ({ rule: 'metrics-are-used', at: 'all', says })),
    ...compare(built, committed)
  ]
}

const exprsOf = ({ panels, annotations }: DashboardView): string[] =>
  [...panels.flatMap(({ targets }) => targets), ...annotations].flatMap(({ expr }) => expr ?? [])

function compare (built: readonly BuiltDashboard[], committed: ReadonlyMap<string, string>): Finding[] {
  const made = new Map(built.map(one => [`${one.uid}.json`, toJson(one)]))
  const differs = [...made].filter(([file, json]) => committed.get(file) !== json).map(([file]) => ({ at: file, says: 'is not what `npm run dashboards` writes' }))
  const left = [...committed.keys()].filter(file => !made.has(file)).map(file => ({ at: file, says: 'no dashboard makes this file' }))
  return [...differs, ...left].map(one => ({ rule: 'regenerate-equals-committed', ...one }))
}
