import type { Prometheus } from '../prometheus.ts'
import type { Model } from './grafana-model.ts'
import type { Range } from './interpolate.ts'
import { runTargets } from './run-targets.ts'
import type { Ran } from './run-targets.ts'

/** What all dashboards came to, and the rules behind them. */
export interface LiveCheck { ran: Ran[], problems: string[] }

export async function checkLive (dashboards: readonly Model[], prometheus: Prometheus, range: Range, mayBeEmpty: ReadonlyMap<string, string>): Promise<LiveCheck> {
  const ran: Ran[] = []
  for (const dashboard of dashboards) ran.push(...await runTargets(dashboard, prometheus, range, mayBeEmpty))
  const broken = await prometheus.failedRules()
  return {
    ran,
    problems: [
      ...ran.flatMap(({ key, panel, problems }) => problems.map((problem) => `${key} (${panel}): ${problem}`)),
      ...broken.map((rule) => `rule ${rule}`),
      ...ran.length > 0 ? [] : ['there is no dashboard']
    ]
  }
}

/** One line a query. */
export function toTable ({ ran }: LiveCheck): string {
  const rows = ran.map(({ key, panel, kind, series, points, problems, emptyBecause }) =>
    [key, panel, kind, String(series), String(points), problems.length > 0 ? problems.join('; ') : emptyBecause === undefined ? 'ok' : `empty: ${emptyBecause}`])
  const all = [['query', 'panel', 'kind', 'series', 'points', 'verdict'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
