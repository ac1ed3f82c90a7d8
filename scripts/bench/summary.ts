/** The middle of a list, the mean of the two middle ones where its length is even. @throws where it is empty */
export function median (numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  if (low === undefined || high === undefined) throw new Error('there is no median of nothing')
  return (low + high) / 2
}

/** Per field the median of what was measured. @throws where nothing was */
export function medians<Field extends string> (trials: ReadonlyArray<Record<Field, number>>): Record<Field, number> {
  const fields = Object.keys(trials[0] ?? {}) as Field[]
  if (fields.length === 0) throw new Error('there is no median of nothing')
  return Object.fromEntries(fields.map((field) => [field, round(median(trials.map((trial) => trial[field])))])) as Record<Field, number>
}

/** What each is of its partner. */
export const ratios = (parts: readonly number[], wholes: readonly number[]): number[] =>
  parts.map((part, pair) => round(part / (wholes[pair] ?? NaN)))

/** Four digits: more would be noise. */
export const round = (number: number): number => Number(number.toPrecision(4))
