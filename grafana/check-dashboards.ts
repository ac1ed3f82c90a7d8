/**
 * `npm run dashboards:check`: all that can be said of the dashboards without a Prometheus; with `-- --live` also what a real
 * one answers to every query, after a demo with real calls (other words go to `npm run demo`). Exits 1 where something is wrong.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { dashboards } from './all-dashboards.ts'
import { checkDashboards, LINT_RULES } from './check/check-dashboards.ts'
import { EXCLUSIONS, UNUSED_METRICS } from './check/exclusions.ts'
import { readSurroundings } from './check/read-surroundings.ts'
import { viewOf } from './check/view.ts'

const built = dashboards()
const found = checkDashboards(built, readSurroundings())
for (const { rule, at, says } of found) console.error(`${at}: ${says}  [${rule}]`)

const panels = built.flatMap(({ dashboard }) => viewOf(dashboard).panels)
console.log(`${built.length} dashboards, ${panels.length} panels, ${panels.flatMap(({ targets }) => targets).length} queries; ` +
  `${LINT_RULES.length} rules of dashboard-linter and our own; ${EXCLUSIONS.length} exclusions, ${UNUSED_METRICS.size} metrics unused on purpose; ${found.length} findings.`)
process.exitCode = found.length > 0 ? 1 : 0

const words = process.argv.slice(2)
if (words.includes('--live')) {
  const { status } = spawnSync(resolve(import.meta.dirname, '../scripts/run-demo'), ['--check', ...words.filter(word => word !== '--live')], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
