import t from 'tap'
import { metricsOf } from '../../../../scripts/promql/read-promql.ts'

t.test('each selector is told with its name and the labels its matchers name', async t => {
  t.same(metricsOf('rate(a_total{job="x",node=~"n.+"}[5m] offset 1h) / b'), [
    { name: 'a_total', labels: ['job', 'node'] }, { name: 'b', labels: [] }
  ])
  t.same(metricsOf('level:metric:rate5m{app!=""}'), [{ name: 'level:metric:rate5m', labels: ['app'] }])
  t.same(metricsOf('vector(1) + time()'), [])
})

t.test('a grouping needs its labels of all that is under it', async t => {
  t.same(metricsOf('sum by (node, region) (a - b)'), [
    { name: 'a', labels: ['node', 'region'] }, { name: 'b', labels: ['node', 'region'] }
  ])
  t.same(metricsOf('sum(a) without (app)'), [{ name: 'a', labels: ['app'] }])
  t.same(metricsOf('topk by (region) (3, sum by (region, app) (a))'), [{ name: 'a', labels: ['app', 'region'] }])
  t.same(metricsOf('max_over_time(sum by (x) (rate(a[5m]))[30m:1m])'), [{ name: 'a', labels: ['x'] }])
})

t.test('a match needs its labels on both sides, and what it brings on the side it comes from', async t => {
  t.same(metricsOf('a * on (node) group_left (version) info', ['version', 'app']), [
    { name: 'a', labels: ['app', 'node'] }, { name: 'info', labels: ['node', 'version'] }
  ])
  t.same(metricsOf('info * on (node) group_right (version) a', ['app']), [
    { name: 'a', labels: ['app', 'node'] }, { name: 'info', labels: ['node', 'version'] }
  ])
  t.same(metricsOf('a unless on (node) b', ['app']), [{ name: 'a', labels: ['app', 'node'] }, { name: 'b', labels: ['node'] }])
  t.same(metricsOf('a and b', ['app']), [{ name: 'a', labels: ['app'] }, { name: 'b', labels: [] }])
  t.same(metricsOf('a / ignoring (direction) b', ['app']), [{ name: 'a', labels: ['app'] }, { name: 'b', labels: [] }])
})

t.test('functions make, take and need labels', async t => {
  t.same(metricsOf('label_replace(up, "service", "$1", "job", "(.*)")', ['service']), [{ name: 'up', labels: ['job'] }])
  t.same(metricsOf('label_join(a, "d", ",", "x", "y")', ['d']), [{ name: 'a', labels: ['x', 'y'] }])
  t.same(metricsOf('histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m])))'), [{ name: 'a_bucket', labels: ['le'] }])
  t.same(metricsOf('absent(up{job="prober"})'), [{ name: 'up', labels: ['job'] }])
  t.same(metricsOf('count_values by (job) ("version", a)', ['version', 'job']), [{ name: 'a', labels: ['job'] }])
})

t.test('labels that a legend wants are looked for down to the selectors', async t => {
  t.same(metricsOf('rate(a[5m]) > 0', ['node']), [{ name: 'a', labels: ['node'] }])
  t.throws(() => metricsOf('sum by (region) (a)', ['node']), { message: /label node is not in the result of sum/ })
  t.throws(() => metricsOf('sum(a)', ['node']), { message: /label node/ })
  t.throws(() => metricsOf('sum without (node) (a)', ['node']), { message: /label node/ })
  t.throws(() => metricsOf('sum by (app) (sum by (node) (a))'), { message: /label app/ }, 'also those of an outer grouping')
})

t.test('what is no PromQL is refused, with the place', async t => {
  t.throws(() => metricsOf('sum by ('), { message: /no PromQL at character 8/ })
  t.throws(() => metricsOf('rate(a{b}[5m])'), { message: /no PromQL/ })
  t.throws(() => metricsOf('a[$__rate_interval]'), { message: /no PromQL/ }, 'a macro that was left in')
  t.throws(() => metricsOf(''), { message: /no PromQL/ })
  t.throws(() => metricsOf('{job="x"}'), { message: /without a metric name/ })
})
