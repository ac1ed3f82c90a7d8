import t from 'tap'
import { createAppLabels } from '../../../services/runtime/app-labels.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import type { Metrics } from '../../../services/runtime/metrics.ts'

/** What is written of metrics whose name begins so, comments aside. */
const written = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await metrics.registry.metrics()).split('\n').filter(line => line.startsWith(`spillway_${name}`))

t.test('a metric takes no more series than it may have, counts what it refuses, and goes on with those it has', async t => {
  const metrics = createMetrics('test', '0')
  const counter = metrics.counter('things_total', 'Things.', ['kind'], { maxSeries: 3 })
  t.same(await written(metrics, 'metric_series_dropped_total'), [
    'spillway_metric_series_dropped_total{metric="spillway_build_info"} 0',
    'spillway_metric_series_dropped_total{metric="spillway_things_total"} 0'
  ], 'it begins at zero for each that has labels')
  for (let kind = 0; kind < 10; kind++) counter.inc({ kind: String(kind) })
  counter.inc({ kind: '2' }, 4)
  t.same(await written(metrics, 'things_total'), ['spillway_things_total{kind="0"} 1', 'spillway_things_total{kind="1"} 1', 'spillway_things_total{kind="2"} 5'])
  t.match(await written(metrics, 'metric_series_dropped_total'), [/ 0$/, 'spillway_metric_series_dropped_total{metric="spillway_things_total"} 7'])
  counter.retain(({ kind }) => kind === '2')
  counter.inc({ kind: '9' })
  t.same(await written(metrics, 'things_total'), ['spillway_things_total{kind="2"} 5', 'spillway_things_total{kind="9"} 1'], 'what is gone makes room')
})

t.test('a gauge that is reset shows what was set since, and no more', async t => {
  const metrics = createMetrics('test', '0')
  const gauge = metrics.gauge('level', 'A level.', ['node', 'region'])
  const alone = metrics.gauge('alone', 'Of no labels.')
  t.same(await written(metrics, 'alone'), [], 'what was never set is not known')
  gauge.set({ node: 'a', region: 'eu' }, 1)
  gauge.set({ node: 'b', region: 'eu' }, 2)
  gauge.reset()
  gauge.set({ node: 'b', region: 'eu' }, 3)
  alone.set(0)
  t.same(await written(metrics, 'level'), ['spillway_level{node="b",region="eu"} 3'])
  t.same(await written(metrics, 'alone'), ['spillway_alone 0'], 'a handle that was there before the first reading still counts')
  gauge.set({ node: 'a', region: 'eu' }, 4)
  t.equal((await written(metrics, 'level')).length, 2, 'and may come back')
})

t.test('gauges are brought up to date before each reading', async t => {
  const metrics = createMetrics('test', '0')
  const gauge = metrics.gauge('readings', 'Readings.')
  let readings = 0
  metrics.onScrape(() => { gauge.set(++readings) })
  t.same([await written(metrics, 'readings'), await written(metrics, 'readings')], [['spillway_readings 1'], ['spillway_readings 2']])
})

t.test('a histogram counts what is at most its bound, and sums up', async t => {
  const metrics = createMetrics('test', '0')
  const histogram = metrics.histogram('wait_seconds', 'Waits.', ['route'], [0.1, 1])
  const series = histogram.series({ route: '/a' })
  for (const value of [0.05, 0.1, 0.5, 3]) series.observe(value)
  histogram.begin({ route: '/b' })
  t.same(await written(metrics, 'wait_seconds'), [
    'spillway_wait_seconds_bucket{route="/a",le="0.1"} 2',
    'spillway_wait_seconds_bucket{route="/a",le="1"} 3',
    'spillway_wait_seconds_bucket{route="/a",le="+Inf"} 4',
    'spillway_wait_seconds_sum{route="/a"} 3.65',
    'spillway_wait_seconds_count{route="/a"} 4',
    'spillway_wait_seconds_bucket{route="/b",le="0.1"} 0',
    'spillway_wait_seconds_bucket{route="/b",le="1"} 0',
    'spillway_wait_seconds_bucket{route="/b",le="+Inf"} 0',
    'spillway_wait_seconds_sum{route="/b"} 0',
    'spillway_wait_seconds_count{route="/b"} 0'
  ])
})

t.test('values of labels are written so that they can be read again', async t => {
  const metrics = createMetrics('test', '0')
  metrics.gauge('odd', 'Odd\nhelp \\ text.', ['name']).set({ name: 'a"b\\c\nd' }, Infinity)
  t.same(await written(metrics, 'odd'), [String.raw`spillway_odd{name="a\"b\\c\nd"} +Inf`])
  t.match(await metrics.registry.metrics(), String.raw`# HELP spillway_odd Odd\nhelp \\ text.` + '\n# TYPE spillway_odd gauge\n')
})

t.test('no two metrics have one name, and what is described is what is written', async t => {
  const metrics = createMetrics('test', '0')
  metrics.counter('twice_total', 'Once.')
  t.throws(() => metrics.gauge('twice_total', 'Twice.'), /already/)
  const text = await metrics.registry.metrics()
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => ({ name, type }))
  t.same(types.sort((a, b) => String(a.name) < String(b.name) ? -1 : 1), metrics.describe().map(({ name, type }) => ({ name, type })).sort((a, b) => a.name < b.name ? -1 : 1))
})

t.test('the first two hundred apps have a label of their own, whatever is no app has one, the rest share one', async t => {
  const labelOf = createAppLabels()
  for (let app = 0; app < 200; app++) {
    t.equal(labelOf(`app-${app}`), `app-${app}`)
    labelOf(`_special-${app}`)
  }
  t.same(['app-199', 'app-200', '_account', 'app-0'].map(labelOf), ['app-199', '_other', '_account', 'app-0'])
})
