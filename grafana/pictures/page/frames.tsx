import { FieldType, transformDataFrame } from '@grafana/data'
import type { DataFrame, DataTransformerConfig } from '@grafana/data'
import { lastValueFrom } from 'rxjs'
import type { DrawnPanel, DrawnSeries, DrawnTarget } from '../drawing.ts'

/** Answers of Prometheus as the frames Grafana's data source makes of them. */

const legendOf = ({ legendFormat }: DrawnTarget, { metric }: DrawnSeries): string =>
  (legendFormat ?? '').replace(/\{\{\s*(\w+)\s*\}\}/g, (_whole, label: string) => metric[label] ?? '')

/** `NaN` and `+Inf` are words in Prometheus' JSON; a line is broken where there is no number. */
const numberOf = (value: string): number | null => Number.isFinite(Number(value)) ? Number(value) : null

function lineOf (target: DrawnTarget, series: DrawnSeries, stepMs: number): DataFrame {
  const name = legendOf(target, series)
  return {
    refId: target.refId,
    name,
    length: series.values.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: stepMs }, values: series.values.map(([time]) => time * 1000) },
      { name: 'Value', type: FieldType.number, labels: series.metric, config: { displayNameFromDS: name }, values: series.values.map(([, value]) => numberOf(value)) }
    ]
  }
}

function tableOf (target: DrawnTarget, alone: boolean): DataFrame {
  const labels = [...new Set(target.series.flatMap(({ metric }) => Object.keys(metric)))].filter(label => label !== '__name__').sort()
  const last = target.series.map(({ values }) => values.at(-1) ?? [0, 'NaN'] as [number, string])
  return {
    refId: target.refId,
    length: target.series.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: last.map(([time]) => time * 1000) },
      ...labels.map(label => ({ name: label, type: FieldType.string, config: {}, values: target.series.map(({ metric }) => metric[label] ?? '') })),
      { name: alone ? 'Value' : `Value #${target.refId}`, type: FieldType.number, config: {}, values: last.map(([, value]) => numberOf(value)) }
    ]
  }
}

/** The frames of a panel behind its transformations. */
export async function framesOf (panel: DrawnPanel, stepMs: number): Promise<DataFrame[]> {
  const raw = panel.type === 'table'
    ? panel.targets.filter(({ series }) => series.length > 0).map(target => tableOf(target, panel.targets.length === 1))
    : panel.targets.flatMap(target => target.series.map(series => lineOf(target, series, stepMs)))
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[]
  return transformations.length === 0 || raw.length === 0 ? raw : await lastValueFrom(transformDataFrame(transformations, raw))
}
