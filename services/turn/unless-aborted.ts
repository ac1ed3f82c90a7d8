/** The promise, or the failure `late` makes as soon as the signal aborts. What the promise becomes afterwards is nobody's. */
export async function unlessAborted<Result> (promise: Promise<Result>, signal: AbortSignal, late: () => Error): Promise<Result> {
  if (signal.aborted) {
    promise.catch(() => {})
    throw late()
  }
  let giveUp = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => { reject(late()) }
    signal.addEventListener('abort', giveUp, { once: true })
  })
  return await Promise.race([promise, aborted]).finally(() => { signal.removeEventListener('abort', giveUp) })
}
