import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge'
import {
  AxisPlacement, BarGaugeDisplayMode, BarGaugeSizing, BarGaugeValueMode, BigValueColorMode, BigValueGraphMode, BigValueTextMode, GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode, LegendDisplayMode, LegendPlacement, ReduceDataOptionsBuilder, ScaleDistribution, ScaleDistributionConfigBuilder,
  SortOrder, StackingConfigBuilder, StackingMode, TableSortByFieldStateBuilder, TooltipDisplayMode, VisibilityMode, VizLegendOptionsBuilder, VizOrientation, VizTooltipOptionsBuilder
} from '@grafana/grafana-foundation-sdk/common'
import { DashboardLinkBuilder, DashboardLinkType, FieldColorBuilder, FieldColorModeId, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { mappingsOf, overridesOf, thresholdsOf } from './overrides.ts'
import type { AnyPanel, BarGaugeSpec, PanelSpec, StatSpec, TableSpec, TimeSeriesSpec, Unit } from './panel-spec.ts'

// eslint-disable-next-line no-template-curly-in-string -- Grafana fills it in
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

export const refIdOf = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index)

function targets ({ queries }: PanelSpec, isTable: boolean): DataqueryBuilder[] {
  return queries.map(({ expr, legend, instant }, index) => {
    const target = new DataqueryBuilder().datasource(DATASOURCE).refId(refIdOf(index)).expr(expr).legendFormat(legend).editorMode(QueryEditorMode.Code)
    if (isTable) target.format(PromQueryFormat.Table)
    return instant || isTable ? target.instant() : target.range()
  })
}

type Builder = TimeSeriesBuilder | StatBuilder | BarGaugeBuilder | TableBuilder

/** What all panels have in common, and what the SDK leaves out: ids, the datasource, where a description is missing. */
function finish<B extends Builder> (builder: B, spec: AnyPanel): B {
  const { id, title, asks, unit, width, height, thresholds, decimals, min, max, noValue, mappings, links } = spec
  builder.id(id).title(title).description(asks).datasource(DATASOURCE).span(width).height(height).unit(unit)
    .targets(targets(spec, spec.type === 'table'))
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdsOf(thresholds ?? [[null, 'text']]).steps))
  if (decimals !== undefined) builder.decimals(decimals)
  if (min !== undefined) builder.min(min)
  if (max !== undefined) builder.max(max)
  if (noValue !== undefined) builder.noValue(noValue)
  if (mappings) builder.mappings(mappingsOf(mappings))
  if (links) builder.links(links.map(({ title, url }) => new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url)))
  for (const { name, properties } of overridesOf(spec)) {
    if (typeof name === 'string') builder.overrideByName(name, properties)
    else builder.overrideByRegexp(String(name), properties)
  }
  return builder
}

const byThresholds = () => new FieldColorBuilder().mode(FieldColorModeId.Thresholds)

/** A line of zeros would stand under an axis up to 100, or to 10,000 %. */
const SOFT_MAX: Partial<Record<Unit, number>> = { reqps: 1, cps: 1, short: 1, percentunit: 0.1, s: 0.01 }

function buildTimeSeries (spec: TimeSeriesSpec): TimeSeriesBuilder {
  const asTable = spec.legend === 'table'
  const builder = new TimeSeriesBuilder()
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .lineWidth(spec.stacked ? 1 : 2).fillOpacity(spec.stacked ? 40 : 8).showPoints(VisibilityMode.Auto).axisPlacement(AxisPlacement.Auto)
    .legend(new VizLegendOptionsBuilder().showLegend(true).placement(LegendPlacement.Bottom)
      .displayMode(asTable ? LegendDisplayMode.Table : LegendDisplayMode.List).calcs(asTable ? ['lastNotNull', 'max'] : [])
      .sortBy('Last *').sortDesc(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  const softMax = spec.softMax ?? SOFT_MAX[spec.unit]
  if (softMax !== undefined) builder.axisSoftMax(softMax)
  if (spec.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
  if (spec.lines) builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  if (spec.scale === 'log') builder.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10))
  return finish(builder, spec)
}

const lastValue = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('')

function buildStat (spec: StatSpec): StatBuilder {
  const builder = new StatBuilder().colorScheme(byThresholds()).reduceOptions(lastValue())
    .colorMode(spec.loud ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(spec.sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .textMode(spec.named ?? spec.queries.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
  return finish(builder, spec)
}

function buildBarGauge (spec: BarGaugeSpec): BarGaugeBuilder {
  const builder = new BarGaugeBuilder().colorScheme(byThresholds()).reduceOptions(lastValue())
    .displayMode(BarGaugeDisplayMode.Basic).valueMode(BarGaugeValueMode.Text).orientation(VizOrientation.Horizontal).showUnfilled(true)
    .sizing(BarGaugeSizing.Manual).minVizHeight(16).maxVizHeight(40)
  return finish(builder, spec)
}

function buildTable (spec: TableSpec): TableBuilder {
  const builder = new TableBuilder().colorScheme(byThresholds()).showHeader(true).minWidth(70)
  if (spec.queries.length > 1) builder.withTransformation({ id: 'merge', options: {} })
  const columns = Object.entries(spec.columns).map(([source, heading]) => {
    const query = spec.queries.findIndex(({ legend }) => legend === source)
    return { field: query < 0 ? source : spec.queries.length > 1 ? `Value #${refIdOf(query)}` : 'Value', heading }
  })
  builder.withTransformation({ id: 'filterFieldsByName', options: { include: { names: columns.map(({ field }) => field) } } })
  builder.withTransformation({
    id: 'organize',
    options: {
      indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
      renameByName: Object.fromEntries(columns.filter(({ field, heading }) => field !== heading).map(({ field, heading }) => [field, heading])),
      excludeByName: {}
    }
  })
  if (spec.sortBy) builder.sortBy([new TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(true)])
  return finish(builder, spec)
}

export function buildPanel (spec: AnyPanel): Builder {
  switch (spec.type) {
    case 'timeseries': return buildTimeSeries(spec)
    case 'stat': return buildStat(spec)
    case 'bargauge': return buildBarGauge(spec)
    case 'table': return buildTable(spec)
  }
}
