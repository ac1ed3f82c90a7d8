/**
 * Runs `work` again and again, `intervalMs` after it ended, until stopped; never two at once. An error goes to `onError`
 * and the loop goes on.
 */
export function repeat (intervalMs: number, work: () => Promise<void>, onError: (error: Error) => void) {
  const stopping = new AbortController()
  let wake: (() => void) | undefined
  const done = (async () => {
    while (!stopping.signal.aborted) {
      await work().catch((error: unknown) => { onError(error as Error) })
      if (stopping.signal.aborted) return
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, intervalMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      wake = undefined
    }
  })()
  return {
    /** does not wait for the rest of the interval */
    now: () => { wake?.() },
    /** resolves when the last run has ended */
    stop: async (): Promise<void> => {
      stopping.abort()
      wake?.()
      await done
    }
  }
}
