import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { generatedFiles } from '../../../infra/prometheus/generated-files.ts'
import { readRules } from '../../../infra/prometheus/read-rules.ts'
import { runbookUrl } from '../../../infra/prometheus/runbook-url.ts'
import { listMetrics } from '../../../scripts/list-metrics.ts'
import { findUnknown, seriesOf } from '../../../scripts/promql/find-unknown.ts'

const FOLDER = resolve('infra/prometheus')
const rules = readRules()
const alerts = rules.filter(rule => 'alert' in rule)
const recorded = rules.filter(rule => 'record' in rule)
/** Uids of dashboards: links to them stay the same. */
const DASHBOARDS = /^\/d\/spillway-(overview|fleet|cost|control-plane|slo)(\?var-(node|region|app)=\{\{ \$labels\.\3 \}\})?$/
/** What Prometheus says of itself, by its documentation. */
const OF_PROMETHEUS = [
  { name: 'up', type: 'gauge', labels: [] },
  { name: 'prometheus_config_last_reload_successful', type: 'gauge', labels: [] },
  { name: 'prometheus_rule_evaluation_failures_total', type: 'counter', labels: ['rule_group'] }
]

t.test('what is generated is what is committed', async t => {
  for (const [path, text] of generatedFiles()) t.equal(readFileSync(join(FOLDER, path), 'utf8'), text, `${path}: npm run prometheus`)
})

t.test('every metric and label of the rules is exported, those of annotations included', async t => {
  const known = new Map([...listMetrics(), ...OF_PROMETHEUS].flatMap(seriesOf))
  t.ok(alerts.length > 40 && recorded.length > 20 && known.size > 100, 'there is something to look at')
  for (const rule of recorded) t.same(findUnknown(rule.expr, [], known, recorded), [], rule.record)
  for (const { alert, expr, labels = {}, annotations } of alerts) {
    const shown = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? '')
    t.same(findUnknown(expr, shown.filter(label => !(label in labels)), known, recorded), [], alert)
  }
})

t.test('an alert says how urgent it is, what it means and where to look', async t => {
  for (const { alert, labels, annotations: { summary, description, runbook_url: runbook, dashboard_url: dashboard } } of alerts) {
    t.match(labels?.severity, /^(page|ticket|info)$/, `${alert}: severity`)
    t.ok(summary && description, `${alert}: summary and description`)
    t.equal(runbook, runbookUrl(alert))
    t.match(dashboard, DASHBOARDS, `${alert}: ${dashboard}`)
  }
})

t.test('every alert has a section of the runbooks, and every section an alert', async t => {
  const sections = [...readFileSync(join(FOLDER, 'runbooks.md'), 'utf8').matchAll(/^## (.+)$/gm)].map(([, name]) => name)
  t.same([...sections].sort(), [...new Set(alerts.map(({ alert }) => alert))].sort())
  t.equal(new Set(sections).size, sections.length, 'none twice')
})

interface TestFile { tests: Array<{ alert_rule_test?: Array<{ alertname: string, exp_alerts: Array<{ exp_labels: Record<string, string> }> }>, promql_expr_test?: Array<{ expr: string }> }> }
const cases = globSync('tests/*.yml', { cwd: FOLDER }).flatMap(path => (parse(readFileSync(join(FOLDER, path), 'utf8')) as TestFile).tests)
const tried = cases.flatMap(({ alert_rule_test: alerts }) => alerts ?? [])

t.test('promtool sees every alert fire, in each severity, and be silent', async t => {
  for (const alert of new Set(alerts.map(({ alert }) => alert))) {
    const own = tried.filter(({ alertname }) => alertname === alert)
    const fired = own.flatMap(({ exp_alerts: expected }) => expected.map(({ exp_labels: labels }) => labels.severity))
    for (const { labels } of alerts.filter(one => one.alert === alert && (one.labels?.window ?? '1h') === '1h')) {
      t.ok(fired.includes(labels?.severity), `${alert} fires as ${labels?.severity}`)
    }
    // what always fires is never silent
    if (alert !== 'Watchdog') t.ok(own.some(({ exp_alerts: expected }) => expected.length === 0), `${alert} is silent`)
  }
})

t.test('what is recorded is asked for by an alert, another rule or a test', async t => {
  const asked = [...rules.map(({ expr }) => expr), ...cases.flatMap(({ promql_expr_test: expressions }) => expressions?.map(({ expr }) => expr) ?? [])].join('\n')
  for (const { record } of recorded) t.ok(asked.includes(record), record)
})
