/** One message of PUBLISH as it stands in the replication stream. */
export interface FeedEvent {
  channel: string
  message: string
}

const CR = 13
const STAR = 42
const DOLLAR = 36

/**
 * Reads Redis' replication stream: RESP arrays of bulk strings, back to back. Only PUBLISH is decoded; every other
 * command (the agent's own writes to that server included) is skipped over. `consumed` counts the bytes of whole
 * commands, which is how Redis counts the replication offset.
 */
export class ReplicationStreamReader {
  #buffer: Buffer = Buffer.alloc(0)
  consumed = 0

  /** @throws where the bytes are no command stream: the connection is then of no further use */
  read (chunk: Buffer): FeedEvent[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    const events: FeedEvent[] = []
    let position = 0
    for (;;) {
      const end = this.#command(position, events)
      if (end === -1) break
      position = end
    }
    this.#buffer = this.#buffer.subarray(position)
    this.consumed += position
    return events
  }

  /** Returns the position behind the command that starts at `start`, -1 while it is incomplete. */
  #command (start: number, events: FeedEvent[]): number {
    const buffer = this.#buffer
    if (start >= buffer.length) return -1
    const count = this.#number(start, STAR)
    if (!count) return -1
    let position = count.end
    let first = ''
    const publish: string[] = []
    for (let index = 0; index < count.value; index++) {
      const length = this.#number(position, DOLLAR)
      if (!length) return -1
      const end = length.end + length.value
      if (end + 2 > buffer.length) return -1
      if (index === 0) first = length.value === 7 ? buffer.toString('latin1', length.end, end).toUpperCase() : ''
      else if (first === 'PUBLISH') publish.push(buffer.toString('utf8', length.end, end))
      position = end + 2
    }
    if (first === 'PUBLISH' && publish.length === 2) events.push({ channel: publish[0] ?? '', message: publish[1] ?? '' })
    return position
  }

  #number (start: number, marker: number): { value: number, end: number } | undefined {
    const buffer = this.#buffer
    if (start >= buffer.length) return undefined
    if (buffer[start] !== marker) throw new Error('the replication stream is out of step')
    const cr = buffer.indexOf(CR, start)
    if (cr === -1 || cr + 1 >= buffer.length) return undefined
    const value = Number(buffer.toString('latin1', start + 1, cr))
    if (!Number.isSafeInteger(value) || value < 0) throw new Error('the replication stream is out of step')
    return { value, end: cr + 2 }
  }
}
