/** One thing that was looked at. `fail`: calls suffer, or will not begin; `warn`: they do not yet. */
export interface Finding {
  /** what was looked at, by a name that stays the same */
  check: string
  level: 'ok' | 'warn' | 'fail'
  found: string
  /** what to do about it; none where all is well */
  todo?: string
}

export const ok = (check: string, found: string): Finding => ({ check, level: 'ok', found })
export const warn = (check: string, found: string, todo: string): Finding => ({ check, level: 'warn', found, todo })
export const fail = (check: string, found: string, todo: string): Finding => ({ check, level: 'fail', found, todo })

/** Something to be looked at, whatever comes of it. */
export type Look = () => Promise<Finding[]> | Finding[]

/** What a look that breaks has found is that it broke. */
export async function lookAt (check: string, look: Look): Promise<Finding[]> {
  try {
    return await look()
  } catch (error) {
    return [fail(check, (error as Error).message, 'see the message')]
  }
}

/** `doctor: 14 ok, 1 warning: …` */
export function tellShort (findings: readonly Finding[]): string {
  const of = (level: Finding['level']) => findings.filter(finding => finding.level === level)
  const [failed, warned] = [of('fail'), of('warn')]
  const counts = [
    `${of('ok').length} ok`,
    ...warned.length > 0 ? [`${warned.length} ${warned.length === 1 ? 'warning' : 'warnings'}`] : [],
    ...failed.length > 0 ? [`${failed.length} ${failed.length === 1 ? 'failure' : 'failures'}`] : []
  ].join(', ')
  const [worst] = [...failed, ...warned]
  return `doctor: ${counts}${worst === undefined ? '' : `: ${worst.check}: ${worst.found} (./scripts/doctor tells all)`}`
}

/** A line a finding, and what to do on the next. */
export const tellWhole = (findings: readonly Finding[]): string =>
  findings.map(({ level, check, found, todo }) => `${level.padEnd(4)} ${check.padEnd(22)} ${found}${todo === undefined ? '' : `\n${' '.repeat(28)}-> ${todo}`}`).join('\n')
