import type { Minute } from './run-rule.ts'

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [1000, 320, 60, 40, 30]
const MINUTES_AN_HOUR = 60

/** Load, capacity and spill over time, as an SVG that stands alone. */
export function plot (series: readonly Minute[], capacityMbps: number, title: string): string {
  const most = Math.max(capacityMbps, ...series.map(({ loadMbps, spillMbps }) => loadMbps + spillMbps)) * 1.05
  const last = Math.max(1, series.length - 1)
  const x = (minute: number): string => (LEFT + (WIDTH - LEFT - 10) * minute / last).toFixed(1)
  const y = (mbps: number): string => (TOP + (HEIGHT - TOP - BOTTOM) * (1 - mbps / most)).toFixed(1)
  const line = (of: (minute: Minute) => number): string => series.map((minute, index) => `${x(index)},${y(of(minute))}`).join(' ')
  const area = (low: (minute: Minute) => number, high: (minute: Minute) => number): string =>
    [...series.map((minute, index) => `${x(index)},${y(high(minute))}`), ...series.map((minute, index) => `${x(index)},${y(low(minute))}`).reverse()].join(' ')
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(share => share * most)
  const stepMinutes = Math.max(1, Math.ceil(last / 12))
  const times = Array.from({ length: Math.floor(last / stepMinutes) + 1 }, (_, index) => index * stepMinutes)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">
<title>${escape(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="18" font-size="13">${escape(title)}</text>
${ticks.map(mbps => `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(mbps)}" y2="${y(mbps)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(mbps)}" text-anchor="end" dominant-baseline="middle">${Math.round(mbps)}</text>`).join('\n')}
${times.map(minute => `<text x="${x(minute)}" y="${HEIGHT - 22}" text-anchor="middle">${clock(minute)}</text>`).join('\n')}
<polygon points="${area(() => 0, ({ loadMbps }) => loadMbps)}" fill="#9ecae1"/>
<polygon points="${area(({ loadMbps }) => loadMbps, ({ loadMbps, spillMbps }) => loadMbps + spillMbps)}" fill="#fdae6b"/>
<polyline points="${line(({ loadMbps }) => loadMbps)}" fill="none" stroke="#08519c"/>
<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(capacityMbps)}" y2="${y(capacityMbps)}" stroke="#a50f15" stroke-dasharray="6 4"/>
<text x="${LEFT}" y="${HEIGHT - 6}">Mbit/s over time: load of the fleet (blue), spill on top of it (orange), capacity (dashed)</text>
</svg>
`
}

const clock = (minutes: number): string => `${Math.floor(minutes / MINUTES_AN_HOUR)}:${String(minutes % MINUTES_AN_HOUR).padStart(2, '0')}`
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
