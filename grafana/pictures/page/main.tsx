import { createTheme, ThemeContext } from '@grafana/data'
import { GlobalStyles, PanelChrome } from '@grafana/ui'
import * as React from 'react'
import { createRoot } from 'react-dom/client'
import type { Drawing } from '../drawing.ts'
import { framesOf } from './frames.tsx'
import { PanelBody, rangeOf } from './panels.tsx'
import type { Shown } from './panels.tsx'

/** Grafana's grid: 24 columns, rows of 30 px, 8 px between panels. */
const COLUMNS = 24
const ROW = 30
const GAP = 8
const WIDTH = window.innerWidth - 2 * GAP
const HEADER = 56

const drawing = (window as any).drawing as Drawing
const theme = createTheme({ colors: { mode: 'dark' } })

const left = (x: number): number => Math.round(x * (WIDTH + GAP) / COLUMNS)
const top = (y: number): number => y * (ROW + GAP)
const sizeOf = ({ w, h }: { w: number, h: number }) => ({ width: Math.round(w * (WIDTH + GAP) / COLUMNS) - GAP, height: h * (ROW + GAP) - GAP })

function Page ({ all }: { all: Shown[] }) {
  const utc = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 16)
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ padding: GAP, color: theme.colors.text.primary, fontFamily: theme.typography.fontFamily }}>
        <div style={{ height: HEADER - GAP, display: 'flex', gap: 16, alignItems: 'center' }}>
          <span style={{ fontSize: 20 }}>{drawing.title}</span>
          <span style={{ opacity: 0.65 }}>{drawing.description}</span>
          <span style={{ marginLeft: 'auto', opacity: 0.65 }}>{drawing.menus.map(({ label, value }) => `${label}: ${value}`).join('   ')}</span>
          <span>{utc(drawing.fromMs)} to {utc(drawing.toMs).slice(11)} UTC</span>
        </div>
        <div style={{ position: 'relative' }}>
          {drawing.rows.map(({ title, y }) => <div key={y} style={{ position: 'absolute', top: top(y), height: ROW, lineHeight: `${ROW}px`, fontSize: 16, fontWeight: 500 }}>{title}</div>)}
          {all.map(shown => (
            <div key={shown.panel.id} style={{ position: 'absolute', left: left(shown.panel.gridPos.x), top: top(shown.panel.gridPos.y) }}>
              <PanelChrome title={shown.panel.title} {...sizeOf(shown.panel.gridPos)}>
                {(width, height) => <PanelBody shown={shown} width={width} height={height} />}
              </PanelChrome>
            </div>
          ))}
        </div>
      </div>
    </ThemeContext.Provider>
  )
}

async function draw (): Promise<void> {
  const range = rangeOf(drawing.fromMs, drawing.toMs)
  const marks = drawing.marks.map(mark => ({ ...mark, colour: theme.visualization.getColorByName(mark.colour) }))
  const all = await Promise.all(drawing.panels.map(async panel => ({ panel, range, marks, frames: await framesOf(panel, drawing.stepMs) })))
  createRoot(document.getElementById('root') as HTMLElement).render(<Page all={all} />)
  // lines are drawn in animation frames behind the one that lays out their panel
  for (let frame = 0; frame < 10; frame += 1) await new Promise(requestAnimationFrame)
  document.getElementById('root')?.setAttribute('data-drawn', '')
}

draw().catch((error: Error) => { setTimeout(() => { throw error }) })
