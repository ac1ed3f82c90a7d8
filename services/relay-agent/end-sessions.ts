import { setTimeout as delay } from 'node:timers/promises'
import { cancelSessions } from './coturn-cli.ts'
import type { CliOptions } from './coturn-cli.ts'

/** launch waits 20 s; what is not over by then is stopped all the same. */
const DEADLINE_MS = 18_000
const POLL_MS = 100

export interface EndingOptions {
  cli: CliOptions
  /** false once another coturn has taken the place of the one to be stopped: its calls are not ours to end */
  isStillRunning: () => Promise<boolean>
  openSessions: () => number
  /** whether all that was folded is saved */
  save: () => Promise<boolean>
  now: () => number
}

/**
 * Ends every session of a coturn that is about to be stopped, so that their totals are published and saved: a bare
 * SIGTERM loses them. New allocations must have been shut out before. Returns whether all of it was seen.
 */
export async function endAllSessions ({ cli, isStillRunning, openSessions, save, now }: EndingOptions): Promise<boolean> {
  const deadline = now() + DEADLINE_MS
  let cancelAt = 0
  while (now() < deadline && await isStillRunning()) {
    if (now() >= cancelAt) {
      const cancelled = await cancelSessions(cli)
      if (cancelled === 0 && openSessions() === 0 && await save()) return true
      cancelAt = now() + (cancelled === 0 ? POLL_MS : 1_000)
    }
    if (openSessions() === 0) cancelAt = 0
    await delay(POLL_MS)
  }
  return false
}
