/** A time range and how finely Grafana asks for it; in seconds. */
export interface Range { from: number, to: number, scrapeSeconds: number }

/** Grafana asks for about a point a pixel of a panel on a large screen, and not more often than is scraped. */
const MOST_POINTS = 1_000
/** The steps Grafana rounds to (rangeutil.roundInterval), those below a day. */
const NICE_SECONDS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200]

export function stepOf ({ from, to, scrapeSeconds }: Range): number {
  const wanted = Math.max((to - from) / MOST_POINTS, scrapeSeconds)
  return NICE_SECONDS.find((nice) => nice >= wanted) ?? 86_400
}

/**
 * An expression as Grafana sends it: macros by their meaning in its Prometheus data source ($__rate_interval is four
 * scrapes at least), variables by the values chosen. @throws where a name is left that nothing is known of
 */
export function interpolate (expr: string, range: Range, variables: ReadonlyMap<string, string>): string {
  const step = stepOf(range)
  const rangeSeconds = Math.max(1, Math.round(range.to - range.from))
  const macros: Record<string, string> = {
    __rate_interval: `${Math.max(step + range.scrapeSeconds, 4 * range.scrapeSeconds)}s`,
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __range: `${rangeSeconds}s`,
    __range_s: String(rangeSeconds),
    __range_ms: String(rangeSeconds * 1000),
    __from: String(Math.round(range.from * 1000)),
    __to: String(Math.round(range.to * 1000))
  }
  return expr.replace(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (_whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? ''
    const value = macros[name] ?? variables.get(name)
    if (value === undefined) throw new Error(`nothing is known of $${name}`)
    return value
  })
}

/** One chosen value in a matcher with =~, as the data source escapes it: once for the expression, once for the string it stands in. */
export const escapeChoice = (value: string): string => value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')
