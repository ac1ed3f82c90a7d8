/** One that means nothing to a process that does not listen for it. */
export const COLLECT_SIGNAL = 'SIGURG'

/** Loaded into a process before its own code (`--expose-gc --import`), this lets it be told to collect its garbage. */
if (globalThis.gc) process.on(COLLECT_SIGNAL, () => { globalThis.gc?.() })
