import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** USER_HZ, in which /proc counts on every Linux that Node runs on (proc(5)). */
const TICKS_A_SECOND = 100
/** Of what the size fields of /proc/<pid>/status count. */
const BYTES_A_KIBIBYTE = 1024

/** CPU time a process has used so far, all its threads, user and system (proc(5), /proc/<pid>/stat fields 14 and 15). */
export function cpuMicrosOf (pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // field 2 is the command in brackets and may hold spaces and brackets itself
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 1_000_000 / TICKS_A_SECOND
}

/** Time its first thread, the one JavaScript runs on, has been on a core (/proc/<pid>/schedstat): unlike a clock it does not go on while others have the core. */
export const threadMsOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000_000

export const residentBytesOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * BYTES_A_KIBIBYTE

const SETTLE_SAMPLES = 20
const SETTLE_INTERVAL_MS = 500

/** The least a process holds in ten quiet seconds: what it really needs, without garbage that waits for its collector. */
export async function settledBytesOf (pid: number): Promise<number> {
  let least = Infinity
  for (let sample = 0; sample < SETTLE_SAMPLES; sample++) {
    await delay(SETTLE_INTERVAL_MS)
    least = Math.min(least, residentBytesOf(pid))
  }
  return least
}
