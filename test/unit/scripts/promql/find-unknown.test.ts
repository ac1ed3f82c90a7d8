import t from 'tap'
import { findUnknown, seriesOf } from '../../../../scripts/promql/find-unknown.ts'

const known = new Map([
  ...seriesOf({ name: 'up', type: 'gauge', labels: [] }),
  ...seriesOf({ name: 'requests_total', type: 'counter', labels: ['app'] }),
  ...seriesOf({ name: 'seconds', type: 'histogram', labels: ['route'] })
])
const recorded = [
  { record: 'app:requests:rate5m', expr: 'sum by (app) (rate(requests_total[5m]))' },
  { record: 'slo:events:rate5m', expr: 'sum(rate(requests_total[5m]))', labels: { slo: 'one' } }
]
const find = (expr: string, ...wanted: string[]) => findUnknown(expr, wanted, known, recorded)

t.test('what is exported is known, by the labels it has and those of Prometheus', async t => {
  t.same(find('sum by (app, job) (rate(requests_total{instance="a"}[5m]))', 'app'), [])
  t.same(find('histogram_quantile(0.9, sum by (le, route) (rate(seconds_bucket[5m])))', 'route'), [])
  t.same(find('rate(seconds_sum[5m]) / rate(seconds_count[5m])'), [])
})

t.test('a metric or a label that nobody exports is told', async t => {
  t.same(find('requests / up'), ['nobody exports requests'])
  t.same(find('seconds'), ['nobody exports seconds'], 'a histogram has no series of its own name')
  t.same(find('up{app="a"}'), ['up has no label app'])
  t.same(find('requests_total', 'node'), ['requests_total has no label node'])
  t.match(find('sum('), [/no PromQL/])
})

t.test('recorded metrics are followed to what they are made of', async t => {
  t.same(find('app:requests:rate5m > 1', 'app'), [])
  t.match(find('app:requests:rate5m{job="x"}'), [/label job is not in the result/])
  t.same(find('slo:events:rate5m{slo="one"}', 'slo'), [], 'a label of the rule itself')
  t.match(find('slo:events:rate5m', 'app'), [/label app/])
})
