import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

type Labels = readonly string[]

/** One registry a process. Every name gets the prefix `spillway_`; labels are a fixed list, never a user or address. */
export function createMetrics (service: string, version: string) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const define = <T extends Labels>(name: string, help: string, labelNames: T) =>
    ({ name: `spillway_${name}`, help, labelNames, registers: [registry] })
  new Gauge(define('build_info', 'Always 1; version and runtime of this process.', ['service', 'version', 'node'] as const))
    .set({ service, version, node: process.version }, 1)
  return {
    registry,
    /** @param collect called before each reading, to bring it up to date */
    counter: <const T extends Labels>(name: string, help: string, labelNames: T, collect?: (counter: Counter<T[number]>) => void) => new Counter({
      ...define(name, help, labelNames),
      ...collect === undefined ? {} : { collect () { collect(this) } }
    }),
    /** @param collect as above */
    gauge: <const T extends Labels>(name: string, help: string, labelNames: T, collect?: (gauge: Gauge<T[number]>) => void) => new Gauge({
      ...define(name, help, labelNames),
      ...collect === undefined ? {} : { collect () { collect(this) } }
    }),
    histogram: <const T extends Labels>(name: string, help: string, labelNames: T, buckets: number[]) =>
      new Histogram({ ...define(name, help, labelNames), buckets })
  }
}

export type Metrics = ReturnType<typeof createMetrics>
