import { setImmediate as others } from 'node:timers/promises'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { Metric } from 'prom-client'
import type { Family, Series } from './metric-family.ts'
import { Counter, Gauge, Histogram } from './metric-types.ts'
import type { CounterSeries, GaugeSeries } from './metric-types.ts'

/** Series of one metric unless it says otherwise: a hundred label sets more than any fleet of fifty nodes makes. */
const MAX_SERIES = 2_000
/** Of a metric that has a few series for each node: a thousand nodes, and as much again. */
export const MAX_NODE_SERIES = 20_000
/** prom-client has these three as gauges whose name ends as a counter's does, and the same by type under shorter names. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']
/** A millisecond or two of writing: in between, requests are served. */
const SERIES_AT_ONCE = 1_000

/** A metric as it is defined, whether or not it has a series by now. */
export interface DescribedMetric {
  name: string
  type: string
  labels: string[]
}

interface Options { maxSeries?: number }

/**
 * One registry a process: prom-client's, which knows of Node and the process, and writes the text. Every name gets the
 * prefix `spillway_`; labels are a fixed list, never a user or address. The counting is ours: a metric has a limit on its
 * series, and a count finds its own by the values of labels, without a key being made of them for each request.
 */
export function createMetrics (service: string, version: string) {
  const families = new Map<string, Family<string, Series>>()
  const collectors: Array<() => void> = []
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)

  const define = <T extends string>(name: string, help: string, labelNames: readonly T[], { maxSeries = MAX_SERIES }: Options = {}) =>
    ({ name: `spillway_${name}`, help, labelNames, maxSeries, onRefused: () => { refused.inc({ metric: `spillway_${name}` }) } })
  function add<F extends Family<any, any>> (family: F): F {
    const { name, type } = family
    // of a metric the registry asks no more than this; its types know those of prom-client only
    registry.registerMetric({ name, type, labelNames: family.labelNames, get: async () => family.read() } as unknown as Metric)
    families.set(name, family)
    if (family.labelNames.length > 0 && family !== refused as unknown) refused.begin({ metric: family.name })
    return family
  }

  function counter (name: string, help: string): CounterSeries
  function counter<const T extends readonly string[]> (name: string, help: string, labelNames: T, options?: Options): Counter<T[number]>
  function counter (name: string, help: string, labelNames: readonly string[] = [], options: Options = {}) {
    const family = add(new Counter(define(name, help, labelNames, options)))
    return labelNames.length > 0 ? family : family.series({})
  }
  function gauge (name: string, help: string): GaugeSeries
  function gauge<const T extends readonly string[]> (name: string, help: string, labelNames: T, options?: Options): Gauge<T[number]>
  function gauge (name: string, help: string, labelNames: readonly string[] = [], options: Options = {}) {
    const family = add(new Gauge(define(name, help, labelNames, options)))
    return labelNames.length > 0 ? family : family.series({})
  }
  function histogram<const T extends readonly string[]> (name: string, help: string, labelNames: T, buckets: number[], options: Options = {}): Histogram<T[number]> {
    return add(new Histogram(define<T[number]>(name, help, labelNames, options), buckets))
  }

  const refused: Counter<'metric'> = new Counter({ ...define('metric_series_dropped_total', 'Counts lost because a metric has as many series as it may have; not 0: a label takes more values than it should.', ['metric']), onRefused: () => {} })
  add(refused)
  gauge('build_info', 'Always 1; version and runtime of this process.', ['service', 'version', 'node']).set({ service, version, node: process.version }, 1)

  async function write (): Promise<string> {
    for (const collect of collectors) collect()
    const parts: string[] = []
    let written = 0
    for (const { name } of registered(registry)) {
      parts.push(await registry.getSingleMetricAsString(name))
      written += families.get(name)?.size ?? 0
      if (written < SERIES_AT_ONCE) continue
      written = 0
      await others()
    }
    return `${parts.join('\n\n')}\n`
  }

  return {
    counter,
    gauge,
    histogram,
    /** Called before each reading, to bring gauges up to date. */
    onScrape: (collect: () => void): void => { collectors.push(collect) },
    registry: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      /** Everything in the text format. Lets others run in between where there is much. */
      metrics: write
    },
    /** Every metric there is, those of Node and the process included. */
    describe: (): DescribedMetric[] => registered(registry).map(({ name, type, labelNames }) => ({ name, type, labels: [...labelNames] }))
  }
}

/** Its types say nothing of what every metric has. */
const registered = (registry: Registry) => registry.getMetricsAsArray() as unknown as Array<{ name: string, type: string, labelNames: readonly string[] }>

export type Metrics = ReturnType<typeof createMetrics>

/** A gauge with one series a node. */
export const gaugeOfNodes = (metrics: Metrics, name: string, help: string) => metrics.gauge(name, help, ['node', 'region'], { maxSeries: MAX_NODE_SERIES })
