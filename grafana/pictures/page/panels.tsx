import { applyFieldOverrides, applyNullInsertThreshold, cacheFieldDisplayNames, dateTime, getDisplayValueAlignmentFactors, getFieldDisplayValues, VizOrientation } from '@grafana/data'
import type { DataFrame, FieldDisplay, GrafanaTheme2, TimeRange } from '@grafana/data'
import { BarGauge, BigValue, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui'
import { TableNG } from '@grafana/ui/unstable'
import * as React from 'react'
import type { DrawnPanel, Mark } from '../drawing.ts'
import { LINE_DEFAULTS, registerFieldOptions } from './fields.tsx'

const registry = registerFieldOptions()
const asIs = (text: string): string => text

interface Size { width: number, height: number }
export interface Shown { panel: DrawnPanel, frames: DataFrame[], range: TimeRange, marks: readonly Mark[] }

/** One panel's inside, as its plugin in Grafana would put the same components together. */
export function PanelBody ({ shown, ...size }: { shown: Shown } & Size) {
  const theme = useTheme2()
  const { panel } = shown
  const error = panel.targets.find(target => target.error !== undefined)?.error
  if (error !== undefined) return <Message text={error} />
  const fieldConfig = panel.type === 'timeseries'
    ? { ...panel.fieldConfig, defaults: { ...panel.fieldConfig.defaults, custom: { ...LINE_DEFAULTS, ...panel.fieldConfig.defaults.custom } } }
    : panel.fieldConfig
  const frames = applyFieldOverrides({ data: shown.frames, fieldConfig, fieldConfigRegistry: registry, replaceVariables: asIs, theme, timeZone: 'utc' })
  cacheFieldDisplayNames(frames)
  const isEmpty = frames.every(({ length }) => length === 0)
  if (isEmpty && (panel.type === 'timeseries' || panel.type === 'table' || panel.type === 'bargauge')) return <Message text={panel.fieldConfig.defaults.noValue ?? 'No data'} />
  if (panel.type === 'timeseries') return <Lines frames={frames} shown={shown} {...size} />
  if (panel.type === 'table') return <TableNG data={frames[0] as DataFrame} {...size} sortBy={panel.options.sortBy} timeRange={shown.range} fieldConfig={panel.fieldConfig} enableVirtualization={false} />
  return <Values panel={panel} frames={frames} theme={theme} {...size} />
}

const Message = ({ text }: { text: string }) => <div style={{ display: 'flex', height: '100%', alignItems: 'center', justifyContent: 'center', opacity: 0.65 }}>{text}</div>

function Lines ({ frames, shown: { panel, range, marks }, width, height }: { frames: DataFrame[], shown: Shown } & Size) {
  // where a series has no point at a step there is a gap, as the panel's plugin makes it
  const shownFrames = frames.map(frame => applyNullInsertThreshold({ frame, refFieldPseudoMin: range.from.valueOf(), refFieldPseudoMax: range.to.valueOf() }))
  return (
    <TimeSeries frames={shownFrames} width={width} height={height} timeRange={range} timeZone='utc' legend={panel.options.legend} options={panel.options}>
      {(builder: any) => {
        builder.addHook('drawClear', (plot: any) => { marks.forEach(mark => { drawMark(plot, mark) }) })
        return null
      }}
    </TimeSeries>
  )
}

/** Annotations as Grafana draws them: a stretch of time tinted, a moment dashed. */
function drawMark (plot: any, { colour, fromMs, toMs }: Mark): void {
  const { ctx, bbox } = plot
  const from = Math.max(plot.valToPos(fromMs, 'x', true), bbox.left)
  const to = Math.min(plot.valToPos(toMs, 'x', true), bbox.left + bbox.width)
  if (to < bbox.left || from > bbox.left + bbox.width) return
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = colour
  ctx.globalAlpha = 0.12
  ctx.fillRect(from, bbox.top, to - from, bbox.height)
  ctx.globalAlpha = 0.9
  ctx.fillRect(from, bbox.top + bbox.height - 3, Math.max(to - from, 3), 3)
  ctx.globalAlpha = 0.5
  ctx.setLineDash([4, 4])
  ctx.beginPath()
  ctx.moveTo(from, bbox.top)
  ctx.lineTo(from, bbox.top + bbox.height)
  ctx.stroke()
  ctx.restore()
}

function Values ({ panel, frames, theme, width, height }: { panel: DrawnPanel, frames: DataFrame[], theme: GrafanaTheme2 } & Size) {
  const { options } = panel
  const values = () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: asIs, theme, data: frames,
    sparkline: options.graphMode !== undefined && options.graphMode !== 'none', timeZone: 'utc'
  })
  const orientation = panel.type === 'bargauge' ? VizOrientation.Horizontal : VizOrientation.Auto
  return (
    <VizRepeater
      source={frames} getValues={values} width={width} height={height} renderCounter={0} orientation={orientation} itemSpacing={4} minVizHeight={options.minVizHeight ?? 16} maxVizHeight={options.maxVizHeight ?? 300}
      autoGrid={false}
      getAlignmentFactors={(all: FieldDisplay[]) => getDisplayValueAlignmentFactors(all)}
      renderValue={({ value, alignmentFactors, count, ...size }: any) => panel.type === 'bargauge'
        ? (
          <BarGauge
            {...size} value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)} alignmentFactors={alignmentFactors}
            displayMode={options.displayMode} valueDisplayMode={options.valueMode} showUnfilled={options.showUnfilled} theme={theme} lcdCellWidth={12}
          />)
        : (
          <BigValue
            {...size} count={count} value={value.display} sparkline={value.sparkline} colorMode={options.colorMode} graphMode={options.graphMode}
            textMode={options.textMode} justifyMode={options.justifyMode} alignmentFactors={alignmentFactors} theme={theme} hasLinks={false}
          />)}
    />
  )
}

export const rangeOf = (fromMs: number, toMs: number): TimeRange => {
  const [from, to] = [dateTime(fromMs), dateTime(toMs)]
  return { from, to, raw: { from, to } }
}
