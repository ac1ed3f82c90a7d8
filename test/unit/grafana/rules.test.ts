import t from 'tap'
import { dashboards, toJson } from '../../../grafana/all-dashboards.ts'
import { checkDashboards, LINT_RULES } from '../../../grafana/check/check-dashboards.ts'
import type { Surroundings } from '../../../grafana/check/check-dashboards.ts'
import { readSurroundings } from '../../../grafana/check/read-surroundings.ts'

const surroundings = readSurroundings()
const panelOf = (dashboard: any, id: number): any => dashboard.panels.find((panel: any) => panel.id === id)
const targetOf = (dashboard: any, id: number, index = 0): any => panelOf(dashboard, id).targets[index]
const variableOf = (dashboard: any, name: string): any => dashboard.templating.list.find((variable: any) => variable.name === name)

/** For each rule what breaks it on a dashboard that keeps it: [uid, what is done to it]. */
const BREAKS: Readonly<Record<string, [uid: string, breakIt: (dashboard: any) => void]>> = {
  'template-datasource-rule': ['spillway-overview', dashboard => { variableOf(dashboard, 'datasource').label = 'Source' }],
  'template-job-rule': ['spillway-overview', dashboard => { variableOf(dashboard, 'job').multi = false }],
  'template-instance-rule': ['spillway-control-plane', dashboard => { variableOf(dashboard, 'instance').allValue = '.*' }],
  'template-label-promql-rule': ['spillway-fleet', dashboard => { variableOf(dashboard, 'node').query.query = 'label_values(a{, node)' }],
  'template-on-time-change-reload': ['spillway-fleet', dashboard => { variableOf(dashboard, 'region').refresh = 1 }],
  'uneditable-dashboard-rule': ['spillway-slo', dashboard => { dashboard.editable = true }],
  'panel-datasource-rule': ['spillway-overview', dashboard => { panelOf(dashboard, 101).datasource.uid = 'prometheus' }],
  'panel-title-description-rule': ['spillway-overview', dashboard => { panelOf(dashboard, 101).description = '' }],
  'panel-units-rule': ['spillway-overview', dashboard => { panelOf(dashboard, 401).fieldConfig.overrides[1].properties[0].value = 'furlongs' }],
  'panel-no-targets-rule': ['spillway-overview', dashboard => { panelOf(dashboard, 101).targets = [] }],
  'target-promql-rule': ['spillway-cost', dashboard => { targetOf(dashboard, 101).expr = 'sum by (' }],
  'target-rate-interval-rule': ['spillway-overview', dashboard => { targetOf(dashboard, 301).expr = targetOf(dashboard, 301).expr.replace('$__rate_interval', '5m') }],
  'target-job-rule': ['spillway-overview', dashboard => { targetOf(dashboard, 106).expr = 'max(spillway_degraded_mode)' }],
  'target-instance-rule': ['spillway-control-plane', dashboard => { targetOf(dashboard, 104).expr = 'max(spillway_snapshot_age_seconds{job=~"$job"})' }],
  'target-counter-agg-rule': ['spillway-overview', dashboard => { targetOf(dashboard, 301).expr = 'sum by (provider) (spillway_decisions_total{job=~"$job"})' }],
  'target-logql-rule': ['spillway-overview', dashboard => { targetOf(dashboard, 301).datasource.type = 'loki' }],
  'target-logql-auto-rule': ['spillway-overview', dashboard => { targetOf(dashboard, 301).datasource.type = 'loki' }],
  'schema-version': ['spillway-overview', dashboard => { dashboard.schemaVersion = 39 }],
  'ids-are-unique': ['spillway-overview', dashboard => { panelOf(dashboard, 102).id = 101 }],
  'nothing-overlaps': ['spillway-overview', dashboard => { panelOf(dashboard, 102).gridPos.x -= 1 }],
  'panel-type': ['spillway-overview', dashboard => { panelOf(dashboard, 301).type = 'canvas' }],
  'description-asks': ['spillway-overview', dashboard => { panelOf(dashboard, 101).description = 'Nodes.' }],
  'ref-ids-are-unique': ['spillway-overview', dashboard => { targetOf(dashboard, 303, 1).refId = 'A' }],
  'value-has-colour': ['spillway-overview', dashboard => { panelOf(dashboard, 201).fieldConfig.defaults.thresholds.steps = [{ value: null, color: 'text' }] }],
  'last-value': ['spillway-overview', dashboard => { panelOf(dashboard, 201).options.reduceOptions.calcs = [] }],
  'columns-are-asked-for': ['spillway-overview', dashboard => { panelOf(dashboard, 401).targets.splice(1, 1) }],
  'links-lead-somewhere': ['spillway-overview', dashboard => { panelOf(dashboard, 101).links[0].url = '/d/spillway-nodes' }],
  'metrics-exist': ['spillway-overview', dashboard => { targetOf(dashboard, 302).legendFormat = '{{app}}' }],
  'shared-truth': ['spillway-overview', dashboard => { targetOf(dashboard, 202).expr = 'sum(spillway_node_sessions{job=~"$job"})' }],
  'counters-are-rated': ['spillway-control-plane', dashboard => { targetOf(dashboard, 112).expr = 'sum(spillway_credential_request_duration_seconds_count{job=~"$job", instance=~"$instance"})' }],
  'columns-have-a-source': ['spillway-cost', dashboard => { panelOf(dashboard, 202).transformations[1].options.include.names.push('user') }],
  'annotations-exist': ['spillway-overview', dashboard => { dashboard.annotations.list[1].titleFormat = '{{app}}' }],
  'variables-exist': ['spillway-overview', dashboard => { variableOf(dashboard, 'region').query.query = 'label_values(spillway_spend_usd, region)' }],
  'metrics-are-used': ['spillway-fleet', dashboard => { targetOf(dashboard, 206).expr = 'vector(1)' }],
  'regenerate-equals-committed': ['spillway-slo', dashboard => { dashboard.title = 'SLO' }]
}

/** The rules that find fault with our dashboards once one of them is broken. */
function findingsOf (uid: string, breakIt: (dashboard: any) => void, { exported, rules, runbooks, committed }: Surroundings = surroundings) {
  const built = dashboards()
  breakIt(built.find(one => one.uid === uid)?.dashboard)
  return checkDashboards(built, { exported, rules, runbooks, committed })
}

t.test('each rule finds what breaks it, and nothing as long as nothing does', async t => {
  t.same(checkDashboards(dashboards(), surroundings), [], 'the dashboards as they are')
  for (const [rule, [uid, breakIt]] of Object.entries(BREAKS)) {
    t.ok(findingsOf(uid, breakIt).some(finding => finding.rule === rule), rule)
  }
})

t.test('no rule is without a test, and there are the seventeen of the linter', async t => {
  t.same(LINT_RULES.map(({ name }) => name).filter(name => !(name in BREAKS)), [])
  t.equal(LINT_RULES.length, 17)
})

t.test('what a panel reads must be exported or recorded, and with its labels', async t => {
  const says = (expr: string) => findingsOf('spillway-slo', dashboard => { targetOf(dashboard, 101).expr = expr })
    .filter(({ rule }) => rule === 'metrics-exist').map(finding => finding.says)
  t.same(says('spillway_nonsense{job=~"$job"}'), ['nobody exports spillway_nonsense'])
  t.same(says('spillway_credential_request_duration_seconds{job=~"$job"}'), ['nobody exports spillway_credential_request_duration_seconds'], 'a histogram is read by its parts')
  t.same(says('max by (user) (spillway_spend_usd)'), ['spillway_spend_usd has no label user'])
  t.same(says('slo:spillway_errors:ratio_rate7h{slo="x"}'), ['nobody exports slo:spillway_errors:ratio_rate7h'])
  t.ok(says('slo:spillway_errors:ratio_rate1h{app="x"}').length > 0, 'a rule records no label its expression has not')
  t.same(says('slo:spillway_errors:ratio_rate1h{slo="x"}'), [], 'one that the rule adds')
})

t.test('an exported metric nobody reads is told of, unless it is said why', async t => {
  const found = checkDashboards(dashboards(), { ...surroundings, exported: [...surroundings.exported, { process: 'ledger', name: 'spillway_new_total', type: 'counter', labels: [] }] })
  t.same(found, [{ rule: 'metrics-are-used', at: 'all', says: 'spillway_new_total is exported and read by no panel, rule or alert' }])
  const less = checkDashboards(dashboards(), { ...surroundings, exported: surroundings.exported.filter(({ name }) => name !== 'nodejs_version_info') })
  t.same(less, [{ rule: 'metrics-are-used', at: 'all', says: 'nodejs_version_info is listed as unused, and nobody exports it' }])
})

t.test('an exclusion that excludes nothing is a finding', async t => {
  const found = findingsOf('spillway-overview', dashboard => { targetOf(dashboard, 205).expr = 'max(spillway_spend_usd{job=~"$job", instance=~"$instance"})' })
  t.ok(found.some(({ rule }) => rule === 'regenerate-equals-committed'), 'the other findings are there as well')
  const without = checkDashboards(dashboards().filter(({ uid }) => uid !== 'spillway-slo'), surroundings)
  t.ok(without.some(({ rule, says }) => rule === 'target-job-rule' && says.includes('excludes nothing')))
})

t.test('JSON is made the same each time', async t => {
  t.same(dashboards().map(toJson), dashboards().map(toJson))
})
