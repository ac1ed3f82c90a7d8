/** The first INT or TERM asks for a stop; a second one leaves at once. */
export function abortOnSignal (): AbortController {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130)
      interrupt.abort()
    })
  }
  return interrupt
}
