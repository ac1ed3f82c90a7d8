import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const NANOS_A_MICRO = 1_000
const NANOS_A_MS = 1_000_000
/** Of what the size fields of /proc/<pid>/status count. */
const BYTES_A_KIBIBYTE = 1024

/** Time on a core so far (Linux, Documentation/scheduler/sched-stats): unlike a clock it does not go on while others have the core. */
const nanosOf = (schedstat: string): number => Number(readFileSync(schedstat, 'utf8').split(' ')[0])

/** CPU time that the threads a process has now have used so far, user and system. */
export const cpuMicrosOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + nanosOf(`/proc/${pid}/task/${thread}/schedstat`), 0) / NANOS_A_MICRO

/** That of its first thread, the one JavaScript runs on. */
export const threadMsOf = (pid: number): number => nanosOf(`/proc/${pid}/schedstat`) / NANOS_A_MS

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
