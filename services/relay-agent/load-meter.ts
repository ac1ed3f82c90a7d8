interface Reading {
  /** since when `bytes` have come */
  startMs: number
  bytes: number
  /** the last finished interval and its bytes */
  overMs: number
  overBytes: number
}

/** Reports closer together than this are one: a rate over no time means nothing. */
const MIN_INTERVAL_MS = 1_000

/**
 * Live load as the sum of the sessions' own rates. coturn reports a session every 4096 packets, so each session's rate
 * is the bytes of its last report over the time that report took; a session silent for longer than that fades.
 */
export class LoadMeter {
  readonly #readings = new Map<string, Reading>()

  /** A session whose last report came at `sinceMs`; unknown ones begin with their first report. */
  begin (allocation: string, sinceMs: number): void {
    this.#readings.set(allocation, { startMs: sinceMs, bytes: 0, overMs: 0, overBytes: 0 })
  }

  /**
   * `bytes` went to or came from the client since the session's last report. A replay brings the reports of a long time
   * at once: they all belong to the interval that the first of them has closed.
   */
  report (allocation: string, bytes: number, nowMs: number, replaying = false): void {
    const reading = this.#readings.get(allocation)
    if (!reading) {
      this.begin(allocation, nowMs)
      return
    }
    if (bytes === 0) return
    const overMs = nowMs - reading.startMs
    if (overMs < MIN_INTERVAL_MS) {
      if (replaying && reading.overMs > 0) reading.overBytes += bytes
      else reading.bytes += bytes
      return
    }
    this.#readings.set(allocation, { startMs: nowMs, bytes: 0, overMs, overBytes: reading.bytes + bytes })
  }

  /** The last rate of a session in bits per second of egress; undefined where none is known yet. */
  rateOf (allocation: string): number | undefined {
    const { overMs = 0, overBytes = 0 } = this.#readings.get(allocation) ?? {}
    return overMs > 0 ? overBytes * 8000 / overMs : undefined
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
    for (const { startMs, overMs, overBytes } of this.#readings.values()) {
      if (overMs > 0) sum += overBytes * 8000 / Math.max(overMs, nowMs - startMs)
    }
    return Math.round(sum)
  }
}
