import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20

/**
 * Resolves as soon as `condition` holds. For what announces itself by no event; never a substitute for a pause.
 * @param pollMs longer where each look costs something
 * @throws once `deadlineMs` have passed, with `what` was waited for
 */
export async function until (what: string, condition: () => unknown, deadlineMs = 15_000, pollMs = POLL_MS): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`)
    await delay(pollMs)
  }
}
