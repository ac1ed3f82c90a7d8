import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readRules } from '../../infra/prometheus/read-rules.ts'
import { listMetrics } from '../../scripts/list-metrics.ts'
import type { Surroundings } from './check-dashboards.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The repository as it is: registries, rule files, runbooks and committed dashboards. @throws where one cannot be read */
export function readSurroundings (): Surroundings {
  return {
    exported: listMetrics(),
    rules: readRules(),
    runbooks: anchorsIn(readFileSync(join(ROOT, 'infra/prometheus/runbooks.md'), 'utf8')),
    committed: new Map(globSync('grafana/dashboards/*.json', { cwd: ROOT }).map(path => [basename(path), readFileSync(join(ROOT, path), 'utf8')]))
  }
}

/** As the usual renderers of Markdown make them of headings of one word. */
const anchorsIn = (markdown: string): Set<string> => new Set([...markdown.matchAll(/^#+ +`?(\w+)`? *$/gm)].map(([, heading = '']) => heading.toLowerCase()))
