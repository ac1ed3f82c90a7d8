import { OperatorMistake } from './operator-mistake.ts'

/**
 * How keys of the central Redis are laid out. Raised by a change that a process of the version before would misread: then
 * what is there has to be migrated, by the control plane when it starts.
 * 1: the first that has a number. Without any the keys are of layout 1, or there are none.
 */
export const LAYOUT = 1

/**
 * What a process may do with what it finds. 'new': nobody has written a number yet; 'old': it is to be migrated first.
 * @throws OperatorMistake where a newer version was here, or it is no number
 */
export function judgeLayout (found: string | null): 'same' | 'new' | 'old' {
  if (found === null) return 'new'
  const number = /^[1-9]\d{0,5}$/.test(found) ? Number(found) : NaN
  if (number === LAYOUT) return 'same'
  if (number < LAYOUT) return 'old'
  throw new OperatorMistake(`the central Redis is laid out as ${JSON.stringify(found)}, and this version knows ${LAYOUT} at most: a newer one was here. Start that version, or ./scripts/restore a backup from before it`)
}
