import { FieldColorModeId, MappingType, SpecialValueMatch, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Mapped, Override, PanelSpec, Threshold } from './panel-spec.ts'

/** Thresholds always have a colour below the first of them, or Grafana takes its own. */
export const thresholdsOf = (steps: readonly Threshold[]) => ({
  mode: ThresholdsMode.Absolute,
  steps: steps.map(([value, color]) => ({ value, color }))
})

export const mappingsOf = (mappings: Readonly<Record<string, Mapped>>) => [{
  type: MappingType.ValueToText as const,
  options: Object.fromEntries(Object.entries(mappings).map(([value, { text, colour }], index) => [value, { text, color: colour, index }]))
}]

/** An empty cell has no colour, or it would take that of the lowest values. */
const NOTHING = { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.NullAndNan, result: { text: '', color: 'transparent', index: 99 } } }

export function overridesOf ({ overrides = [] }: PanelSpec): { name: string | RegExp, properties: DynamicConfigValue[] }[] {
  return overrides.map(override => ({ name: override.name, properties: [...properties(override)] }))
}

function * properties ({ unit, decimals, thresholds, mappings, cell, max, colour, dashed, width }: Override): Generator<DynamicConfigValue> {
  if (unit) yield { id: 'unit', value: unit }
  if (decimals !== undefined) yield { id: 'decimals', value: decimals }
  if (max !== undefined) yield { id: 'max', value: max }
  if (thresholds) yield { id: 'thresholds', value: thresholdsOf(thresholds) }
  if (mappings ?? cell) yield { id: 'mappings', value: [...mappings ? mappingsOf(mappings) : [], NOTHING] }
  if (cell === 'bar') yield { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } }
  if (cell === 'background') yield { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } }
  if (colour) yield { id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor: colour } }
  if (dashed) yield { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } }
  if (dashed) yield { id: 'custom.fillOpacity', value: 0 }
  if (width !== undefined) yield { id: 'custom.width', value: width }
}
