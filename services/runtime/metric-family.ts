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

/** One line or more of the text format: what is counted under one set of labels. */
export interface Series {
  /** its lines, each with a line end; '' while it has no value */
  write: () => string
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

  /** In the text format of Prometheus, version 0.0.4. A series without a value is forgotten, but for the one without labels, which somebody holds. */
  write (): string {
    const { name, help, labelNames } = this.#definition
    let text = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${this.type}\n`
    for (const [series, labels] of this.#all) {
      const lines = series.write()
      if (lines === '' && labelNames.length > 0) this.remove(labels)
      text += lines
    }
    return text
  }
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** The name of a series as it stands before its value. */
export const nameOf = (name: string, labels: string): string => labels === '' ? name : `${name}{${labels}}`

/** A number as the format spells it; only of the infinite ones JavaScript has words of its own. */
export const spell = (value: number): string => Math.abs(value) === Infinity ? (value > 0 ? '+Inf' : '-Inf') : String(value)
