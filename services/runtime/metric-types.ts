import { Family, lineOf } from './metric-family.ts'
import type { Definition, Line, Series } from './metric-family.ts'
import type { Labels } from './label-tree.ts'

export class CounterSeries implements Series {
  readonly #line: Line
  readonly #lines: readonly Line[]
  constructor (line: Line) {
    this.#line = line
    this.#lines = [line]
  }

  get value (): number { return this.#line.value }
  /** @param by never negative: what was counted has happened */
  inc (by = 1): void { this.#line.value += by }
  lines (): readonly Line[] { return this.#lines }
}

/** What has happened since the process began. */
export class Counter<Name extends string> extends Family<Name, CounterSeries> {
  readonly type = 'counter'
  protected create (name: string, labels: string): CounterSeries { return new CounterSeries(lineOf(name, labels)) }
  inc (labels: Labels<Name>, by = 1): void { this.series(labels).inc(by) }
  /** Lets a series begin before its first event, which rate() would miss otherwise; one that runs goes on. */
  begin (labels: Labels<Name>): void { this.series(labels) }
  /** Since the process began, over all series whose labels are these. */
  get (labels: Labels<Name>): number { return this.series(labels).value }
}

export class GaugeSeries implements Series {
  readonly #line: Line
  readonly #lines: readonly Line[]
  #isKnown = false
  constructor (line: Line) {
    this.#line = line
    this.#lines = [line]
  }

  get value (): number | undefined { return this.#isKnown ? this.#line.value : undefined }
  set (value: number): void {
    this.#line.value = value
    this.#isKnown = true
  }

  inc (by: number): void { this.set((this.value ?? 0) + by) }
  /** It is not known: what is unknown is not shown, and never zero. */
  clear (): void { this.#isKnown = false }
  lines (): readonly Line[] { return this.#isKnown ? this.#lines : [] }
}

/** How something stands. */
export class Gauge<Name extends string> extends Family<Name, GaugeSeries> {
  readonly type = 'gauge'
  protected create (name: string, labels: string): GaugeSeries { return new GaugeSeries(lineOf(name, labels)) }
  set (labels: Labels<Name>, value: number): void { this.series(labels).set(value) }
  inc (labels: Labels<Name>, by: number): void { this.series(labels).inc(by) }
  get (labels: Labels<Name>): number | undefined { return this.series(labels).value }
  /** Nothing is known any more; who is set again before the next reading has lost nothing. */
  reset (): void { for (const series of this.all) series.clear() }
}

export class HistogramSeries implements Series {
  readonly #buckets: readonly number[]
  readonly #counts: number[]
  readonly #lines: readonly Line[]
  #sum = 0

  constructor (name: string, labels: string, buckets: readonly number[]) {
    this.#buckets = buckets
    this.#counts = [...buckets, Infinity].map(() => 0)
    const behind = labels === '' ? '' : `${labels},`
    const bounds = [...buckets.map(String), '+Inf'].map(bound => lineOf(`${name}_bucket`, `${behind}le="${bound}"`))
    this.#lines = [...bounds, lineOf(`${name}_sum`, labels), lineOf(`${name}_count`, labels)]
  }

  /** One addition: the buckets are summed up when somebody looks. */
  observe (value: number): void {
    let bucket = 0
    while (bucket < this.#buckets.length && value > (this.#buckets[bucket] as number)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
  }

  lines (): readonly Line[] {
    let count = 0
    for (const [at, line] of this.#lines.entries()) {
      count += this.#counts[at] ?? 0
      line.value = at === this.#counts.length ? this.#sum : count
    }
    return this.#lines
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
