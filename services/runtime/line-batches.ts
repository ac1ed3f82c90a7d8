interface Batch {
  bytes: Buffer
  used: number
  lines: number
  /** somebody may still hold on to these bytes, for sending them has failed */
  failed: boolean
}

export interface LineBatchesOptions {
  linesABatch: number
  /** room a batch has; a line that needs more gets it */
  bytesABatch: number
}

const NEW_LINE = 10
/** UTF-8 of one UTF-16 unit. */
const MOST_BYTES_A_UNIT = 3

/**
 * Lines of text that wait to be sent, batch by batch, outside of V8's heap: strings that live for a fraction of a second are
 * copied by one or two collections of young objects, and where thousands come a second these then take milliseconds.
 */
export class LineBatches {
  readonly #options: LineBatchesOptions
  #batches: Batch[] = []
  /** the first of them is on its way: nothing is added to it */
  #sending = false
  #spare: Buffer | undefined
  #size = 0

  constructor (options: LineBatchesOptions) {
    this.#options = options
  }

  /** lines that wait, or are on their way */
  get size (): number { return this.#size }
  get batches (): number { return this.#batches.length }

  /** @param line without a line break; returns whether its batch is full */
  add (line: string): boolean {
    const batch = this.#batchFor(line.length * MOST_BYTES_A_UNIT + 1)
    batch.used += batch.bytes.write(line, batch.used)
    batch.bytes[batch.used++] = NEW_LINE
    batch.lines += 1
    this.#size += 1
    return batch.lines === this.#options.linesABatch
  }

  #batchFor (bytes: number): Batch {
    const last = this.#batches.at(-1)
    const isClosed = this.#sending && this.#batches.length === 1
    if (last && !isClosed && last.lines < this.#options.linesABatch && last.used + bytes <= last.bytes.length) return last
    const { bytesABatch } = this.#options
    const room = bytes <= bytesABatch && this.#spare ? this.#spare : Buffer.allocUnsafeSlow(Math.max(bytes, bytesABatch))
    if (room === this.#spare) this.#spare = undefined
    const batch = { bytes: room, used: 0, lines: 0, failed: false }
    this.#batches.push(batch)
    return batch
  }

  /**
   * Sends the first batch, or calls `send` with undefined where nothing waits; one at a time. What fails stays the first.
   * @param send its bytes are good until it has resolved
   */
  async sendFirst (send: (lines: Buffer | undefined) => Promise<void>): Promise<void> {
    const [batch] = this.#batches
    this.#sending = batch !== undefined
    try {
      await send(batch?.bytes.subarray(0, batch.used))
    } catch (error) {
      if (batch) batch.failed = true
      throw error
    } finally {
      this.#sending = false
    }
    if (!batch) return
    this.#batches.shift()
    this.#size -= batch.lines
    if (!batch.failed && batch.bytes.length === this.#options.bytesABatch) this.#spare = batch.bytes
  }

  /** Gives up the oldest batch that is not on its way; returns how many lines it had. */
  dropOldest (): number {
    const [batch] = this.#batches.splice(this.#sending ? 1 : 0, 1)
    this.#size -= batch?.lines ?? 0
    return batch?.lines ?? 0
  }
}
