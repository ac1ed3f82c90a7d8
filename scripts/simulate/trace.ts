import { OperatorError } from '../native/operator-error.ts'

/** One credential that is asked for, and what its client then does with it. */
export interface Call {
  startSeconds: number
  durationSeconds: number
  /** egress of its node: what the client sends leaves to its peer, what the peer sends leaves to it */
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
    calls.push({ startSeconds, durationSeconds, megabits: (kbpsUp + kbpsDown) / KILOBITS_A_MEGABIT, region: region.trim(), room: room.trim(), relayed: relayed.trim() === '1' })
  }
  return calls.sort((a, b) => a.startSeconds - b.startSeconds)
}

export const writeTrace = (calls: readonly Call[]): string => [HEADER, ...calls.map(({ startSeconds, durationSeconds, megabits, region, room, relayed }) => {
  const kilobits = Math.round(megabits * KILOBITS_A_MEGABIT)
  return [startSeconds.toFixed(3), durationSeconds.toFixed(3), Math.ceil(kilobits / 2), Math.floor(kilobits / 2), region, room, relayed ? 1 : 0].join(',')
})].join('\n') + '\n'
