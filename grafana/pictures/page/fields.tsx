import { FieldConfigOptionsRegistry, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry } from '@grafana/data'

/** Options of fields that our dashboards set; Grafana's own list of them lives in its core and its panel plugins. */
const STANDARD = ['unit', 'decimals', 'min', 'max', 'thresholds', 'mappings', 'color', 'noValue', 'links', 'displayName', 'description', 'filterable']
const CUSTOM = [
  'drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'gradientMode', 'showPoints', 'pointSize', 'stacking', 'lineStyle', 'spanNulls',
  'thresholdsStyle', 'axisPlacement', 'axisLabel', 'scaleDistribution', 'hideFrom', 'cellOptions', 'width', 'minWidth', 'axisSoftMax', 'align', 'inspect', 'axisColorMode', 'axisBorderShow', 'axisGridShow'
]

const {
  mergeTransformer, filterFieldsByNameTransformer, filterFieldsTransformer, organizeFieldsTransformer, orderFieldsTransformer, renameFieldsTransformer
} = standardTransformers
/** Those our tables name, and those they are made of. */
const TRANSFORMERS = [mergeTransformer, filterFieldsByNameTransformer, filterFieldsTransformer, organizeFieldsTransformer, orderFieldsTransformer, renameFieldsTransformer]

const option = (path: string, isCustom: boolean): any => ({
  id: isCustom ? `custom.${path}` : path,
  path,
  name: path,
  isCustom,
  editor: () => null,
  override: () => null,
  process: (value: unknown) => value,
  shouldApply: () => true,
  getItemsCount: () => 0
})

export function registerFieldOptions (): FieldConfigOptionsRegistry {
  const all = () => [...STANDARD.map(path => option(path, false)), ...CUSTOM.map(path => option(path, true))]
  standardFieldConfigEditorRegistry.setInit(() => STANDARD.map(path => option(path, false)))
  standardTransformersRegistry.setInit(() => TRANSFORMERS.map(one => ({ id: one.id, name: one.id, transformation: async () => one, editor: () => null }) as any))
  return new FieldConfigOptionsRegistry(all)
}

/** What the time series panel starts every line from (its plugin's defaultGraphConfig). */
export const LINE_DEFAULTS = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  showPoints: 'auto',
  pointSize: 5,
  spanNulls: false,
  stacking: { mode: 'none', group: 'A' },
  axisPlacement: 'auto',
  axisGridShow: true,
  axisColorMode: 'text',
  scaleDistribution: { type: 'linear' },
  thresholdsStyle: { mode: 'off' }
}
