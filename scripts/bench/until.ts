import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 50

/** Looks until there is an answer. @throws once `deadlineMs` have passed, with `what` was waited for */
export async function until<Answer> (what: string, look: () => Promise<Answer | undefined>, deadlineMs = 30_000): Promise<Answer> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const answer = await look()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s in vain until ${what}`)
    await delay(LOOK_MS)
  }
}
