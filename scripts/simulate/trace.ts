import { OperatorError } from '../native/operator-error.ts'

/** One credential that is asked for, and what its client then does with it. */
export interface Call {
  startSeconds: number
  durationSeconds: number
  /** what the client sends and what it receives */
  megabitsUp: number
  megabitsDown: number
  /** both: what the client sends leaves its node to the peer, what the peer sends leaves to the client */
  megabits: number
  region: string
  room: string
  /** whether its media goes through the relay at all */
  relayed: boolean
}

const HEADER = 'start_s,duration_s,kbps_up,kbps_down,region,room,relayed'
const KILOBITS_A_MEGABIT = 1000

/** @throws OperatorError that names the first line it cannot read */
export function parseTrace (csv: string, name: string): Call[] {
  const lines = csv.split(/\r?\n/)
  if (lines[0]?.trim() !== HEADER) throw new OperatorError(`${name}: the first line must be ${HEADER}`, 2)
  const calls: Call[] = []
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue
    const [start = '', duration = '', up = '', down = '', region = '', room = '', relayed = '', ...more] = line.split(',')
    const numbers = [start, duration, up, down].map(text => text.trim() === '' ? NaN : Number(text))
    if (more.length > 0 || !numbers.every(number => number >= 0 && number < Infinity) || !/^[01]$/.test(relayed.trim())) {
      throw new OperatorError(`${name}, line ${index + 1}: "${line}" is not ${HEADER} with numbers of zero or more and relayed 0 or 1`, 2)
    }
    const [startSeconds = 0, durationSeconds = 0, kbpsUp = 0, kbpsDown = 0] = numbers
    const [megabitsUp, megabitsDown] = [kbpsUp / KILOBITS_A_MEGABIT, kbpsDown / KILOBITS_A_MEGABIT]
    calls.push({ startSeconds, durationSeconds, megabitsUp, megabitsDown, megabits: megabitsUp + megabitsDown, region: region.trim(), room: room.trim(), relayed: relayed.trim() === '1' })
  }
  return calls.sort((a, b) => a.startSeconds - b.startSeconds)
}

export const writeTrace = (calls: readonly Call[]): string => [HEADER, ...calls.map(({ startSeconds, durationSeconds, megabitsUp, megabitsDown, region, room, relayed }) =>
  [startSeconds.toFixed(3), durationSeconds.toFixed(3), ...[megabitsUp, megabitsDown].map(megabits => Math.round(megabits * KILOBITS_A_MEGABIT)), region, room, relayed ? 1 : 0].join(','))].join('\n') + '\n'
