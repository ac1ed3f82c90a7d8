interface Reading {
  startMs: number
  bytes: number
  bitsPerSecond: number
  overMs: number
}

/** Reports closer together than this are one: a replay brings many at once, and a rate over no time means nothing. */
const MIN_INTERVAL_MS = 1_000

/**
 * Live load as the sum of the sessions' own rates. coturn reports a session every 4096 packets, so each session's rate
 * is the bytes of its last report over the time that report took; a session silent for longer than that fades.
 */
export class LoadMeter {
  readonly #readings = new Map<string, Reading>()

  /** `bytes` went to or came from the client since the session's last report. */
  report (allocation: string, bytes: number, nowMs: number): void {
    const reading = this.#readings.get(allocation)
    if (!reading) {
      this.#readings.set(allocation, { startMs: nowMs, bytes: 0, bitsPerSecond: 0, overMs: 0 })
      return
    }
    reading.bytes += bytes
    const overMs = nowMs - reading.startMs
    if (bytes === 0 || overMs < MIN_INTERVAL_MS) return
    this.#readings.set(allocation, { startMs: nowMs, bytes: 0, bitsPerSecond: reading.bytes * 8000 / overMs, overMs })
  }

  forget (allocation: string): void {
    this.#readings.delete(allocation)
  }

  clear (): void {
    this.#readings.clear()
  }

  /** Egress of the node in bits per second: what a client sends leaves to its peer, what the peer sends leaves to it. */
  bitsPerSecond (nowMs: number): number {
    let sum = 0
    for (const { startMs, bitsPerSecond, overMs } of this.#readings.values()) {
      sum += bitsPerSecond * Math.min(1, overMs / Math.max(1, nowMs - startMs))
    }
    return Math.round(sum)
  }
}
