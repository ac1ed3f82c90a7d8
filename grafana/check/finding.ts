import type { DashboardView, PanelView, TargetView } from './view.ts'

/** What a rule has found, and where: `<dashboard>`, `<dashboard>/<panel>` or `<dashboard>/<panel>/<target>`. */
export interface Finding { rule: string, at: string, says: string }

export interface DashboardRule { name: string, dashboard: (view: DashboardView) => string[] }
export interface PanelRule { name: string, panel: (panel: PanelView, view: DashboardView) => string[] }
export interface TargetRule { name: string, target: (target: TargetView, panel: PanelView, view: DashboardView) => string[] }
export type Rule = DashboardRule | PanelRule | TargetRule

export function findings (rules: readonly Rule[], views: readonly DashboardView[]): Finding[] {
  return views.flatMap(view => rules.flatMap(rule => apply(rule, view)))
}

function apply (rule: Rule, view: DashboardView): Finding[] {
  const found = (at: string, says: string[]): Finding[] => says.map(one => ({ rule: rule.name, at, says: one }))
  if ('dashboard' in rule) return found(view.uid, rule.dashboard(view))
  return view.panels.flatMap(panel => {
    const at = `${view.uid}/${panel.id}`
    if ('panel' in rule) return found(at, rule.panel(panel, view))
    return panel.targets.flatMap(target => found(`${at}/${target.refId}`, rule.target(target, panel, view)))
  })
}

/** A rule that does not hold somewhere, and why that is right. */
export interface Exclusion { rule: string, at: RegExp, reason: string }

/** What is left of the findings; an exclusion that excludes nothing is one itself. */
export function exclude (found: readonly Finding[], exclusions: readonly Exclusion[]): Finding[] {
  const matches = ({ rule, at }: Finding, exclusion: Exclusion): boolean => exclusion.rule === rule && exclusion.at.test(at)
  return [
    ...found.filter(finding => !exclusions.some(exclusion => matches(finding, exclusion))),
    ...exclusions.filter(exclusion => !found.some(finding => matches(finding, exclusion)))
      .map(({ rule, at }) => ({ rule, at: String(at), says: 'this exclusion excludes nothing: take it away' }))
  ]
}
