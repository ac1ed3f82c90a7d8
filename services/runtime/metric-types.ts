import { Family, nameOf, spell } from './metric-family.ts'
import type { Definition, Series } from './metric-family.ts'
import type { Labels } from './label-tree.ts'

export class CounterSeries implements Series {
  readonly #name: string
  #value = 0
  constructor (name: string) { this.#name = name }
  get value (): number { return this.#value }
  /** @param by never negative: what was counted has happened */
  inc (by = 1): void { this.#value += by }
  write (): string { return `${this.#name} ${spell(this.#value)}\n` }
}

/** What has happened since the process began. */
export class Counter<Name extends string> extends Family<Name, CounterSeries> {
  readonly type = 'counter'
  protected create (name: string, labels: string): CounterSeries { return new CounterSeries(nameOf(name, labels)) }
  inc (labels: Labels<Name>, by = 1): void { this.series(labels).inc(by) }
  /** Lets a series begin before its first event, which rate() would miss otherwise; one that runs goes on. */
  begin (labels: Labels<Name>): void { this.series(labels) }
  /** Since the process began, over all series whose labels are these. */
  get (labels: Labels<Name>): number { return this.series(labels).value }
}

export class GaugeSeries implements Series {
  readonly #name: string
  #value: number | undefined
  constructor (name: string, value?: number) {
    this.#name = name
    this.#value = value
  }

  get value (): number | undefined { return this.#value }
  set (value: number): void { this.#value = value }
  inc (by: number): void { this.#value = (this.#value ?? 0) + by }
  /** It is not known: what is unknown is not shown, and never zero. */
  clear (): void { this.#value = undefined }
  write (): string { return this.#value === undefined ? '' : `${this.#name} ${spell(this.#value)}\n` }
}

/** How something stands. */
export class Gauge<Name extends string> extends Family<Name, GaugeSeries> {
  readonly type = 'gauge'
  protected create (name: string, labels: string): GaugeSeries { return new GaugeSeries(nameOf(name, labels)) }
  set (labels: Labels<Name>, value: number): void { this.series(labels).set(value) }
  inc (labels: Labels<Name>, by: number): void { this.series(labels).inc(by) }
  get (labels: Labels<Name>): number | undefined { return this.series(labels).value }
  /** Nothing is known any more; who is set again before the next reading has lost nothing. */
  reset (): void { for (const series of this.all) series.clear() }
}

export class HistogramSeries implements Series {
  readonly #buckets: readonly number[]
  readonly #counts: number[]
  readonly #names: readonly string[]
  readonly #sumName: string
  readonly #countName: string
  #sum = 0

  constructor (name: string, labels: string, buckets: readonly number[]) {
    this.#buckets = buckets
    this.#counts = [...buckets, Infinity].map(() => 0)
    const behind = labels === '' ? '' : `${labels},`
    this.#names = [...buckets, Infinity].map(bucket => nameOf(`${name}_bucket`, `${behind}le="${spell(bucket)}"`))
    this.#sumName = nameOf(`${name}_sum`, labels)
    this.#countName = nameOf(`${name}_count`, labels)
  }

  /** One addition: the buckets are summed up when somebody looks. */
  observe (value: number): void {
    let bucket = 0
    while (bucket < this.#buckets.length && value > (this.#buckets[bucket] as number)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
  }

  write (): string {
    let count = 0
    const lines = this.#names.map((name, bucket) => {
      count += this.#counts[bucket] ?? 0
      return `${name} ${count}\n`
    })
    return `${lines.join('')}${this.#sumName} ${spell(this.#sum)}\n${this.#countName} ${count}\n`
  }
}

/** How long or large something was, each time. Bounds of buckets are inclusive, in the unit of the metric, ascending. */
export class Histogram<Name extends string> extends Family<Name, HistogramSeries> {
  readonly type = 'histogram'
  readonly #buckets: readonly number[]
  constructor (definition: Definition<Name>, buckets: readonly number[]) {
    super(definition)
    this.#buckets = buckets
  }

  protected create (name: string, labels: string): HistogramSeries { return new HistogramSeries(name, labels, this.#buckets) }
  observe (labels: Labels<Name>, value: number): void { this.series(labels).observe(value) }
  begin (labels: Labels<Name>): void { this.series(labels) }
}
