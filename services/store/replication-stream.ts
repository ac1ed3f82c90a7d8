/** One message of PUBLISH as it stands in the replication stream. */
export interface FeedEvent {
  channel: string
  message: string
}

const LINE_END = '\r\n'.length
const CR = 13
const STAR = 42
const DOLLAR = 36
const ZERO = 48
const PUBLISH = Buffer.from('publish')
/** The bit by which small letters of ASCII differ from large ones. */
const SMALL = 32
const INCOMPLETE = -1

/**
 * Reads Redis' replication stream: RESP arrays of bulk strings, back to back. Only PUBLISH is decoded; every other
 * command (the agent's own writes to that server included) is skipped over, and so is a PUBLISH to a channel that ends
 * with `passOver`: its bytes are never made a string. `consumed` counts the bytes of whole commands, which is how Redis
 * counts the replication offset.
 */
export class ReplicationStreamReader {
  readonly #passOver: Buffer
  #buffer: Buffer = Buffer.alloc(0)
  /** behind what was read of `#buffer` last */
  #position = 0
  consumed = 0
  /** messages skipped because of their channel */
  passedOver = 0

  constructor (passOver: string) {
    this.#passOver = Buffer.from(passOver)
  }

  /** @throws where the bytes are no command stream: the connection is then of no further use */
  read (chunk: Buffer): FeedEvent[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    this.#position = 0
    const events: FeedEvent[] = []
    let whole = 0
    while (this.#command(events)) whole = this.#position
    this.#buffer = this.#buffer.subarray(whole)
    this.consumed += whole
    return events
  }

  /** Moves behind one command; false while it is incomplete. */
  #command (events: FeedEvent[]): boolean {
    const words = this.#number(STAR)
    if (words !== 3) return words !== INCOMPLETE && this.#skip(words)
    const verb = this.#word()
    const verbEnd = this.#position - LINE_END
    const channel = this.#word()
    const channelEnd = this.#position - LINE_END
    const message = this.#word()
    if (message === INCOMPLETE) return false
    const buffer = this.#buffer
    if (!isPublish(buffer, verb, verbEnd)) return true
    if (this.#isPassedOver(channel, channelEnd)) this.passedOver += 1
    else events.push({ channel: buffer.toString('utf8', channel, channelEnd), message: buffer.toString('utf8', message, this.#position - LINE_END) })
    return true
  }

  #isPassedOver (start: number, end: number): boolean {
    const ending = this.#passOver
    if (ending.length === 0 || end - start < ending.length) return false
    for (let index = 1; index <= ending.length; index++) if (this.#buffer[end - index] !== ending[ending.length - index]) return false
    return true
  }

  #skip (words: number): boolean {
    for (let index = 0; index < words; index++) if (this.#word() === INCOMPLETE) return false
    return true
  }

  /** Moves behind one bulk string and returns where its bytes start; stays before one that is incomplete. */
  #word (): number {
    const before = this.#position
    const length = this.#number(DOLLAR)
    if (length === INCOMPLETE) return INCOMPLETE
    const start = this.#position
    this.#position = start + length + LINE_END
    if (this.#position <= this.#buffer.length) return start
    this.#position = before
    return INCOMPLETE
  }

  /** Moves behind a line of a marker and a number, and returns the number; stays before one that is incomplete. */
  #number (marker: number): number {
    const buffer = this.#buffer
    let position = this.#position
    if (position >= buffer.length) return INCOMPLETE
    if (buffer[position] !== marker) throw outOfStep()
    let value = 0
    for (;;) {
      const byte = buffer[++position]
      if (byte === undefined) return INCOMPLETE
      if (byte === CR) break
      const digit = byte - ZERO
      value = value * 10 + digit
      if (digit < 0 || digit > 9 || value > Number.MAX_SAFE_INTEGER) throw outOfStep()
    }
    if (position + LINE_END > buffer.length) return INCOMPLETE
    this.#position = position + LINE_END
    return value
  }
}

const outOfStep = (): Error => new Error('the replication stream is out of step')

/** In any case: Redis passes commands on as they were spelled. */
function isPublish (buffer: Buffer, start: number, end: number): boolean {
  if (end - start !== PUBLISH.length) return false
  for (let index = 0; index < PUBLISH.length; index++) if (((buffer[start + index] ?? 0) | SMALL) !== PUBLISH[index]) return false
  return true
}
