/** Of a text of Prometheus: one metric, summed over the series whose labels hold `where`; undefined where there is none. */
export function findSample (text: string, name: string, where = ''): number | undefined {
  const values = text.split('\n')
    .filter(line => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(where))
    .map(line => Number(line.slice(line.lastIndexOf(' '))))
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : undefined
}
