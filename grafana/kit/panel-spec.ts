/** What a panel is, before it is Grafana's. Grafana's ids of units: @grafana/data, valueFormats. */
export type Unit =
  | 'bps' | 'decbytes' | 'bytes' | 'currencyUSD' | 'percentunit' | 's' | 'reqps' | 'cps' | 'short' | 'locale' | 'none'
  | 'dateTimeFromNow' | 'bool_yes_no' | 'string'

export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'text'

export interface Query {
  expr: string
  /** of the series; `{{label}}` is filled in by Grafana */
  legend: string
  /** the value now instead of a line; what stat panels need of a sum over `$__range`, and every table */
  instant?: boolean
}

/** The colour from this value upwards; the first has no lower end. */
export type Threshold = readonly [from: number | null, colour: Colour]

export interface Mapped { text: string, colour: Colour }

/** How the one column or series of this name differs from the rest of its panel. */
export interface Override {
  /** of the column or series; or a pattern, for all that match it */
  name: string | RegExp
  unit?: Unit
  decimals?: number
  thresholds?: readonly Threshold[]
  mappings?: Readonly<Record<string, Mapped>>
  /** of a table: a bar in the cell, or its background */
  cell?: 'bar' | 'background'
  max?: number
  /** of a line */
  colour?: Colour
  dashed?: boolean
  width?: number
}

export interface Link { title: string, url: string }

export interface PanelSpec {
  /** Never changed once released: links and alerts name it. */
  id: number
  title: string
  /** The question the panel answers, and what to make of the answer. */
  asks: string
  unit: Unit
  width: number
  height: number
  queries: readonly Query[]
  thresholds?: readonly Threshold[]
  decimals?: number
  min?: number
  max?: number
  /** what stands there while there are no data */
  noValue?: string
  mappings?: Readonly<Record<string, Mapped>>
  overrides?: readonly Override[]
  links?: readonly Link[]
}

export interface TimeSeriesSpec extends PanelSpec {
  type: 'timeseries'
  stacked?: boolean
  /** thresholds as dashed lines */
  lines?: boolean
  legend?: 'list' | 'table'
  scale?: 'log'
  /** how far the axis reaches where all values are smaller; by the unit without it */
  softMax?: number
}

export interface StatSpec extends PanelSpec {
  type: 'stat'
  /** colours the whole panel: for what is wrong when it is not green */
  loud?: boolean
  sparkline?: boolean
  /** shows names beside values; the default where there are several queries */
  named?: boolean
}

export interface BarGaugeSpec extends PanelSpec { type: 'bargauge' }

export interface TableSpec extends PanelSpec {
  type: 'table'
  /** label or query legend -> its heading, in the order of the columns; what is not named is hidden */
  columns: Readonly<Record<string, string>>
  sortBy?: string
}

export type AnyPanel = TimeSeriesSpec | StatSpec | BarGaugeSpec | TableSpec

export interface RowSpec { id: number, title: string, panels: readonly AnyPanel[] }

export const timeSeries = (spec: Omit<TimeSeriesSpec, 'type'>): TimeSeriesSpec => ({ type: 'timeseries', ...spec })
export const stat = (spec: Omit<StatSpec, 'type'>): StatSpec => ({ type: 'stat', ...spec })
export const barGauge = (spec: Omit<BarGaugeSpec, 'type'>): BarGaugeSpec => ({ type: 'bargauge', ...spec })
export const table = (spec: Omit<TableSpec, 'type'>): TableSpec => ({ type: 'table', ...spec })
