import t from 'tap'
import { builtDashboards, panelsOf } from '../../../../../scripts/live/dashboards/grafana-model.ts'
import { rightlyEmpty } from '../../../../../scripts/live/dashboards/rightly-empty.ts'
import { runTargets } from '../../../../../scripts/live/dashboards/run-targets.ts'
import type { Prometheus, Series } from '../../../../../scripts/live/prometheus.ts'

const range = { from: 0, to: 10, scrapeSeconds: 2 }
const dashboard = (legendFormat: string) => ({
  uid: 'd',
  title: 'D',
  templating: { list: [{ name: 'job', type: 'query', query: { query: 'label_values(up, job)' }, allValue: '.+' }] },
  panels: [{ id: 1, type: 'timeseries', title: 'P', targets: [{ refId: 'A', expr: 'up{job=~"$job"}', legendFormat, range: true }] }]
})
/** A Prometheus that says this, whatever it is asked. */
const saying = (series: Series[], jobs = ['ledger']) => ({ queryRange: async () => series, labelValues: async () => jobs }) as unknown as Prometheus
const run = async (legend: string, series: Series[], reasons = new Map<string, string>(), jobs?: string[]) => (await runTargets(dashboard(legend), saying(series, jobs), range, reasons)).flatMap(({ problems }) => problems)

t.test('finite series with the labels of their legend are well, gaps included', async t => {
  t.same(await run('{{node}}', [{ metric: { node: 'a' }, values: [[0, '1'], [2, 'NaN']] }]), [])
})

t.test('what is wrong with an answer is told', async t => {
  t.match(await run('{{node}}', [{ metric: {}, values: [[0, '1']] }]), [/legend names node/])
  t.match(await run('x', [{ metric: {}, values: [[0, '1'], [2, '+Inf']] }]), [/infinite/])
  t.match(await run('x', [{ metric: {}, values: [[0, 'NaN']] }]), [/never a number/])
  t.match(await run('x', []), [/no series/])
  t.match(await run('x', [{ metric: {}, values: [[0, '1']] }], new Map(), []), [/\$job has no values/])
})

t.test('a query may be empty where it says why', async t => {
  t.same(await run('x', [], new Map([['d/1/A', 'nothing happened']])), [])
})

t.test('a reason to be empty is that of a query there is', async t => {
  const keys = builtDashboards().flatMap(({ uid, ...model }) => panelsOf(model).flatMap(({ id, targets = [] }) => targets.map(({ refId }) => `${uid}/${id}/${refId}`)))
  t.same([...rightlyEmpty(true).keys()].filter(key => !keys.includes(key)), [])
})
