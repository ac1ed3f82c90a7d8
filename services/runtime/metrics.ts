import { setImmediate as others } from 'node:timers/promises'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { Family, MetricType, Series } from './metric-family.ts'
import { Counter, Gauge, Histogram } from './metric-types.ts'
import type { CounterSeries, GaugeSeries } from './metric-types.ts'

/** Series of one metric unless it says otherwise: a hundred label sets more than any fleet of fifty nodes makes. */
const MAX_SERIES = 2_000
/** Of a metric that has a few series for each node: a thousand nodes, and as much again. */
export const MAX_NODE_SERIES = 20_000
/** prom-client has these three as gauges whose name ends as a counter's does, and the same by type under shorter names. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']
/** About a millisecond of work: in between, requests are served. */
const SERIES_AT_ONCE = 2_000

/** A metric as it is defined, whether or not it has a series by now. */
export interface DescribedMetric {
  name: string
  type: string
  labels: string[]
}

interface Options { maxSeries?: number }

/**
 * One registry a process. Every name gets the prefix `spillway_`; labels are a fixed list, never a user or address, and
 * a metric has a limit on its series. It is our own because one of prom-client takes ten times as long for a scrape of a
 * thousand nodes, and for each count; what prom-client knows of Node and the process is shown behind it.
 */
export function createMetrics (service: string, version: string) {
  const families: Array<Family<string, Series>> = []
  const collectors: Array<() => void> = []
  const ofNode = new Registry()
  collectDefaultMetrics({ register: ofNode })
  for (const name of MISNAMED) ofNode.removeSingleMetric(name)

  const define = <T extends string>(name: string, help: string, labelNames: readonly T[], { maxSeries = MAX_SERIES }: Options = {}) =>
    ({ name: `spillway_${name}`, help, labelNames, maxSeries, onRefused: () => { refused.inc({ metric: `spillway_${name}` }) } })
  function add<F extends Family<any, any>> (family: F): F {
    if (families.some(({ name }) => name === family.name)) throw new Error(`there is a metric ${family.name} already`)
    families.push(family)
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
    for (const family of families) {
      parts.push(family.write())
      written += family.size
      if (written < SERIES_AT_ONCE) continue
      written = 0
      await others()
    }
    return `${parts.join('')}${await ofNode.metrics()}`
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
    describe: (): DescribedMetric[] => [
      ...families.map(({ name, type, labelNames }) => ({ name, type, labels: [...labelNames] })),
      ...(ofNode.getMetricsAsArray() as unknown as Array<{ name: string, type?: MetricType, labelNames?: string[], constructor: { name: string } }>)
        .map(({ name, labelNames = [], constructor }) => ({ name, type: constructor.name.toLowerCase(), labels: [...labelNames] }))
    ]
  }
}

export type Metrics = ReturnType<typeof createMetrics>
