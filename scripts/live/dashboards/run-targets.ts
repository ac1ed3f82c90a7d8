import type { Prometheus, Series } from '../prometheus.ts'
import { chooseVariables } from './choose-variables.ts'
import { labelColumns, legendLabels, panelsOf } from './grafana-model.ts'
import type { Model, Panel, Target } from './grafana-model.ts'
import { interpolate, stepOf } from './interpolate.ts'
import type { Range } from './interpolate.ts'

/** What became of one query of one panel. */
export interface Ran {
  /** `<dashboard>/<panel id>/<ref id>` */
  key: string
  panel: string
  kind: 'range' | 'instant'
  series: number
  /** finite ones */
  points: number
  problems: string[]
  /** why it may be empty, where it is and may */
  emptyBecause?: string
}

/**
 * Every query of every panel of a dashboard as Grafana would send it, with all menus at All, and once more with each at one
 * value, which must be understood but may find nothing.
 */
export async function runTargets (dashboard: Model, prometheus: Prometheus, range: Range, rightlyEmpty: ReadonlyMap<string, string>): Promise<Ran[]> {
  const { all, one, problems } = await chooseVariables(dashboard, prometheus, range)
  const ran: Ran[] = problems.length === 0 ? [] : [{ key: dashboard.uid, panel: 'menus', kind: 'instant', series: 0, points: 0, problems }]
  for (const panel of panelsOf(dashboard)) {
    for (const target of panel.targets ?? []) {
      const key = `${dashboard.uid}/${panel.id}/${target.refId}`
      ran.push(await runTarget({ key, panel, target }, { prometheus, range, all, one, reason: rightlyEmpty.get(key) }))
    }
  }
  for (const { name, expr } of dashboard.annotations?.list ?? []) {
    if (expr === undefined) continue
    const problem = await ask({ expr, refId: 'Anno', range: true }, prometheus, range, all).then(() => [], ({ message }: Error) => [message])
    ran.push({ key: `${dashboard.uid}/annotation`, panel: name, kind: 'range', series: 0, points: 0, problems: problem })
  }
  return ran
}

interface Way { prometheus: Prometheus, range: Range, all: ReadonlyMap<string, string>, one: ReadonlyMap<string, string>, reason: string | undefined }

async function runTarget ({ key, panel, target }: { key: string, panel: Panel, target: Target }, { prometheus, range, all, one, reason }: Way): Promise<Ran> {
  const ran: Ran = { key, panel: panel.title, kind: target.instant === true ? 'instant' : 'range', series: 0, points: 0, problems: [] }
  try {
    const answer = await ask(target, prometheus, range, all)
    ran.series = answer.length
    ran.points = answer.flatMap(({ values }) => values).filter(([, value]) => Number.isFinite(Number(value))).length
    if (answer.length > 0) ran.problems.push(...judge(answer, panel, target))
    else if (reason !== undefined) ran.emptyBecause = reason
    else ran.problems.push('no series')
    await ask(target, prometheus, range, one)
  } catch (error) {
    ran.problems.push((error as Error).message)
  }
  return ran
}

async function ask ({ expr, instant }: Target, prometheus: Prometheus, range: Range, variables: ReadonlyMap<string, string>): Promise<Series[]> {
  const asked = interpolate(expr, range, variables)
  return instant === true ? await prometheus.query(asked, range.to) : await prometheus.queryRange(asked, range.from, range.to, stepOf(range))
}

/** A gap in a line may be NaN; a line of nothing else, or an infinite value, is a mistake in the expression. */
function judge (series: readonly Series[], panel: Panel, target: Target): string[] {
  const named = (metric: Record<string, string>): string => JSON.stringify(metric)
  const infinite = series.filter(({ values }) => values.some(([, value]) => /Inf/.test(value)))
  const nothing = series.filter(({ values }) => values.every(([, value]) => value === 'NaN'))
  const unlabelled = legendLabels(target).filter((label) => series.some(({ metric }) => !metric[label]))
  const columns = target.format === 'table' ? labelColumns(panel).filter((label) => (panel.targets ?? []).length === 1 && series.every(({ metric }) => !metric[label])) : []
  return [
    ...infinite.slice(0, 1).map(({ metric }) => `infinite in ${infinite.length} of ${series.length} series, such as ${named(metric)}`),
    ...nothing.slice(0, 1).map(({ metric }) => `never a number in ${nothing.length} of ${series.length} series, such as ${named(metric)}`),
    ...unlabelled.map((label) => `the legend names ${label}, which a series has not`),
    ...columns.map((label) => `the column ${label} is in no series`)
  ]
}
