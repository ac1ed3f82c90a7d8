/** One reading, at `x`. */
export interface Point { x: number, y: number }

/** How much y grows with each x, by the line that fits best (ordinary least squares). NaN for fewer than two different x. */
export function slopeOf (points: readonly Point[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))]
  let [xy, xx] = [0, 0]
  for (const { x, y } of points) {
    xy += (x - meanX) * (y - meanY)
    xx += (x - meanX) ** 2
  }
  return xy / xx
}
