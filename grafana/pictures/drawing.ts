/** What draw.ts hands to the page: a dashboard, and for each of its queries what Prometheus answered. */

export interface DrawnSeries { metric: Record<string, string>, values: [time: number, value: string][] }
export interface DrawnTarget { refId: string, legendFormat?: string, series: DrawnSeries[], error?: string }

export interface DrawnPanel {
  id: number
  type: string
  title: string
  gridPos: { x: number, y: number, w: number, h: number }
  fieldConfig: any
  options: any
  transformations?: unknown[]
  targets: DrawnTarget[]
}

/** A stretch of time an annotation marks; of a moment both ends are the same. Unix ms. */
export interface Mark { colour: string, fromMs: number, toMs: number }

export interface Drawing {
  title: string
  description: string
  fromMs: number
  toMs: number
  stepMs: number
  rows: { title: string, y: number }[]
  panels: DrawnPanel[]
  marks: Mark[]
  menus: { label: string, value: string }[]
}
