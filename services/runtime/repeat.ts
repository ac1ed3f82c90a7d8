/**
 * Runs `work` again and again, `intervalMs` after it ended, until stopped; never two at once. An error goes to `onError`
 * and the loop goes on.
 */
export function repeat (intervalMs: number, work: () => Promise<void>, onError: (error: Error) => void) {
  const stopping = new AbortController()
  let again = false
  let wake = () => {}
  let waiting: Array<() => void> = []
  const done = (async () => {
    while (!stopping.signal.aborted) {
      again = false
      const served = waiting
      waiting = []
      await work().catch((error: unknown) => { onError(error as Error) })
      for (const resolve of served) resolve()
      if (stopping.signal.aborted || again) continue
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, intervalMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const resolve of waiting) resolve()
  })()
  const soon = (): void => {
    again = true
    wake()
  }
  return {
    /** does not wait for the rest of the interval */
    soon,
    /** resolves when a run that begins after this call has ended, well or not, or the loop has stopped */
    now: async (): Promise<void> => {
      if (stopping.signal.aborted) return
      const run = new Promise<void>(resolve => { waiting.push(resolve) })
      soon()
      await run
    },
    /** resolves when the last run has ended */
    stop: async (): Promise<void> => {
      stopping.abort()
      wake()
      await done
    }
  }
}
