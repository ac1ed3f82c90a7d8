import { LabelTree } from './label-tree.ts'
import type { Labels } from './label-tree.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram'

export interface Definition<Name extends string> {
  /** with its prefix */
  name: string
  help: string
  labelNames: readonly Name[]
  /** label sets beyond these are refused */
  maxSeries: number
  /** called each time one is */
  onRefused: () => void
}

/**
 * One line, as the registry of prom-client takes it. The name has the labels in it already, spelled once for all readings:
 * spelling those of ten thousand series anew would hold up requests for twice as long.
 */
export interface Line {
  metricName: string
  labels: Record<string, never>
  value: number
}

/** What is counted under one set of labels. */
export interface Series {
  /** none while it has no value */
  lines: () => readonly Line[]
}

/** All series of one metric. A set of labels that would be one too many gets a series that nobody sees. */
export abstract class Family<Name extends string, Of extends Series> {
  abstract readonly type: MetricType
  readonly #definition: Definition<Name>
  readonly #tree: LabelTree<Name, Of>
  readonly #all = new Map<Of, Labels<Name>>()
  #refused: Of | undefined

  constructor (definition: Definition<Name>) {
    this.#definition = definition
    this.#tree = new LabelTree(definition.labelNames)
  }

  protected abstract create (name: string, labels: string): Of

  get name (): string { return this.#definition.name }
  get labelNames (): readonly Name[] { return this.#definition.labelNames }
  get size (): number { return this.#all.size }

  /** The series of these labels: found once, it may be kept and counted on without being looked for again. */
  series (labels: Labels<Name>): Of {
    return this.#tree.find(labels) ?? this.#add(labels)
  }

  #add (labels: Labels<Name>): Of {
    const { name, labelNames, maxSeries, onRefused } = this.#definition
    if (this.#all.size >= maxSeries) {
      onRefused()
      this.#refused ??= this.create(name, '')
      return this.#refused
    }
    const text = labelNames.map(label => `${label}="${escape(labels[label])}"`).join(',')
    const series = this.create(name, text)
    this.#tree.add(labels, series)
    // a copy: the caller may use its object again
    this.#all.set(series, Object.fromEntries(labelNames.map(label => [label, labels[label]])) as Labels<Name>)
    return series
  }

  remove (labels: Labels<Name>): void {
    const series = this.#tree.find(labels)
    if (!series) return
    this.#tree.remove(labels)
    this.#all.delete(series)
  }

  /** Forgets the series of what is gone; counters too, for a name that comes again begins anew. */
  retain (isKnown: (labels: Labels<Name>) => boolean): void {
    for (const labels of this.#all.values()) if (!isKnown(labels)) this.remove(labels)
  }

  protected get all (): Iterable<Of> { return this.#all.keys() }

  /** What the registry of prom-client asks a metric for. A series without a value is forgotten, but for the one without labels, which somebody holds. */
  read () {
    const { name, help, labelNames } = this.#definition
    const values: Line[] = []
    for (const [series, labels] of this.#all) {
      const lines = series.lines()
      if (lines.length === 0 && labelNames.length > 0) this.remove(labels)
      values.push(...lines)
    }
    return { name, help, type: this.type, aggregator: 'sum' as const, values }
  }
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** @param labels as they stand between the braces */
export const lineOf = (name: string, labels: string): Line => ({ metricName: labels === '' ? name : `${name}{${labels}}`, labels: {}, value: 0 })
