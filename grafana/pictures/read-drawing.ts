import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { chooseVariables } from '../../scripts/live/dashboards/choose-variables.ts'
import type { Model } from '../../scripts/live/dashboards/grafana-model.ts'
import { interpolate, stepOf } from '../../scripts/live/dashboards/interpolate.ts'
import type { Range } from '../../scripts/live/dashboards/interpolate.ts'
import type { Prometheus, Series } from '../../scripts/live/prometheus.ts'
import { viewOf } from '../check/view.ts'
import type { AnnotationView, TargetView } from '../check/view.ts'
import type { DrawnPanel, DrawnTarget, Drawing, Mark } from './drawing.ts'

/** Rows of Grafana's grid are 30 px and 8 apart; above them stands the title. */
const GRID_PX = 38
const TITLE_PX = 72

/** A dashboard with what Prometheus says to each of its queries, all menus at All; and how high it is, in px. */
export async function drawingOf (dashboard: Dashboard, prometheus: Prometheus, range: Range): Promise<Drawing & { height: number }> {
  const view = viewOf(dashboard)
  const { all } = await chooseVariables(dashboard as unknown as Model, prometheus, range)
  const ask = async ({ expr, instant }: Pick<TargetView, 'expr' | 'instant'>): Promise<Series[]> => {
    const asked = interpolate(expr, range, all)
    return instant === true ? await prometheus.query(asked, range.to) : await prometheus.queryRange(asked, range.from, range.to, stepOf(range))
  }
  const read = async (target: TargetView): Promise<DrawnTarget> => {
    const { refId, legendFormat = '' } = target
    try {
      return { refId, legendFormat, series: await ask(target) }
    } catch (error) {
      return { refId, legendFormat, series: [], error: (error as Error).message }
    }
  }
  const panels: DrawnPanel[] = []
  for (const { targets, options = {}, ...panel } of view.panels) panels.push({ ...panel, options, targets: await Promise.all(targets.map(read)) })
  const marks: Mark[] = []
  for (const annotation of view.annotations) marks.push(...marksOf(annotation, await ask({ expr: annotation.expr ?? '' }), range))
  return {
    title: view.title,
    description: dashboard.description ?? '',
    fromMs: range.from * 1000,
    toMs: range.to * 1000,
    stepMs: stepOf(range) * 1000,
    rows: view.rows,
    panels,
    marks,
    menus: view.variables.filter(({ type }) => type === 'query').map(({ label = '' }) => ({ label, value: 'All' })),
    height: TITLE_PX + GRID_PX * Math.max(...view.panels.map(({ gridPos }) => gridPos.y + gridPos.h))
  }
}

/** As Grafana's data source does it: values above 0 that follow each other closely are one stretch of time. */
function marksOf ({ iconColor: colour = 'blue', useValueForTime }: AnnotationView, series: readonly Series[], range: Range): Mark[] {
  const stepMs = stepOf(range) * 1000
  return series.flatMap(({ values }) => {
    const times = values.filter(([, value]) => Number(value) > 0).map(([time, value]) => useValueForTime ? Number(value) : time * 1000)
    const marks: Mark[] = []
    for (const ms of times.sort((a, b) => a - b)) {
      const last = marks.at(-1)
      if (last && ms - last.toMs <= stepMs) last.toMs = ms
      else marks.push({ colour, fromMs: ms, toMs: ms })
    }
    return marks
  }).filter(({ toMs }) => toMs >= range.from * 1000)
}
