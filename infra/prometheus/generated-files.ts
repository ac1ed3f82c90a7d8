import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMPOSE_PLAN, renderPrometheusConfig } from './render-config.ts'
import { renderRunbooks } from './render-runbooks.ts'
import { makeSloRules } from './slo/make-slo-rules.ts'

const MADE_BY = '# Made by `npm run prometheus` out of infra/prometheus/render-config.ts: change it there.\n'

/** What each committed file that is generated shall hold, by its path in this folder. */
export const generatedFiles = (): Map<string, string> => new Map([
  ['prometheus.yml', MADE_BY + renderPrometheusConfig(COMPOSE_PLAN)],
  ['rules/slo.yml', makeSloRules()],
  ['runbooks.html', renderRunbooks(readFileSync(join(import.meta.dirname, 'runbooks.md'), 'utf8'))]
])
