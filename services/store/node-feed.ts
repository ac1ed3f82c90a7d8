import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { ReplicationStreamReader } from './replication-stream.ts'
import type { FeedEvent } from './replication-stream.ts'

export type { FeedEvent } from './replication-stream.ts'

/** Up to where the replication stream has been read; together with it must be saved what was made of the events. */
export interface FeedPosition {
  replicationId: string
  offset: number
}

/** `resync`: the server could not replay from the position asked for, so events may be missing before this one. */
export type FeedBatch =
  | { kind: 'resync' | 'continue', position: FeedPosition }
  /** `passedOver`: how many messages came meanwhile to channels that are not read */
  | { kind: 'events', events: FeedEvent[], passedOver: number, position: FeedPosition }

export interface FeedOptions {
  /** redis://user:password@host:port of the node's Redis */
  url: string
  /** where the last life left off; undefined asks for a full resync */
  position: FeedPosition | undefined
  /** channels that end with this are counted, not read */
  passOver?: string
  signal: AbortSignal
}

/** Redis drops a replica it has not heard of for repl-timeout (60 s), and logs lag by what it acknowledges. */
const ACK_INTERVAL_MS = 1_000
/** Behind a diskless snapshot Redis sends nothing before it has heard a first acknowledgement, and it ignores early ones. */
const FIRST_ACK_INTERVAL_MS = 50
/** Redis sends a PING every 10 s (repl-ping-replica-period); three missed ones mean the link is dead. */
const SILENCE_TIMEOUT_MS = 30_000

/**
 * Follows a Redis as a replica does, but keeps nothing of its data: PUBLISH travels in the replication stream, and
 * PSYNC replays from the backlog what was published while nobody listened (redis.io/docs, "Replication";
 * redis/src/replication.c, masterTryPartialResynchronization). Batches arrive in order, each byte of the stream exactly
 * once from the position on. The generator is pulled: a slow reader slows the socket, nothing piles up here. Ends when
 * `signal` aborts, throws when the link fails; the caller starts it again at the last position it kept.
 */
export async function * followNode ({ url, position, passOver = '', signal }: FeedOptions): AsyncGenerator<FeedBatch, void, undefined> {
  const { hostname, port, username, password } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port || 6379), noDelay: true })
  const onAbort = () => { socket.destroy() }
  signal.addEventListener('abort', onAbort, { once: true })
  let acknowledge: NodeJS.Timeout | undefined
  let silence: NodeJS.Timeout | undefined
  let heardBytes = 0
  let heardAtMs = performance.now()
  try {
    await once(socket, 'connect', { signal })
    // a timer of our own: that of the socket starts anew with each acknowledgement we write
    silence = setInterval(() => {
      if (socket.bytesRead > heardBytes) heardAtMs = performance.now()
      heardBytes = socket.bytesRead
      if (performance.now() - heardAtMs > SILENCE_TIMEOUT_MS) socket.destroy(new Error('the replication link went silent'))
    }, ACK_INTERVAL_MS)
    const lines = new LineReader(socket)
    if (password) await lines.ask(['AUTH', decodeURIComponent(username) || 'default', decodeURIComponent(password)])
    await lines.ask(['REPLCONF', 'listening-port', '0'])
    await lines.ask(['REPLCONF', 'capa', 'eof', 'capa', 'psync2'])
    const answer = await lines.ask(position
      ? ['PSYNC', position.replicationId, String(position.offset + 1)]
      : ['PSYNC', '?', '-1'])
    const [verb, replicationId = '', offset] = answer.split(' ')

    let current: FeedPosition
    if (verb === '+CONTINUE' && position) {
      current = { replicationId: replicationId || position.replicationId, offset: position.offset }
      yield { kind: 'continue', position: current }
    } else if (verb === '+FULLRESYNC') {
      current = { replicationId, offset: Number(offset) }
      await lines.skipSnapshot()
      yield { kind: 'resync', position: current }
    } else {
      throw new Error(`the node's Redis refused to be followed: ${answer}`)
    }

    const start = current.offset
    const reader = new ReplicationStreamReader(passOver)
    const sendAcknowledgement = () => { socket.write(encode(['REPLCONF', 'ACK', String(current.offset)])) }
    let heard = false
    acknowledge = setInterval(sendAcknowledgement, FIRST_ACK_INTERVAL_MS)
    for await (const chunk of lines.rest()) {
      if (!heard) {
        heard = true
        clearInterval(acknowledge)
        acknowledge = setInterval(sendAcknowledgement, ACK_INTERVAL_MS)
      }
      const passedBefore = reader.passedOver
      const events = reader.read(chunk)
      const passedOver = reader.passedOver - passedBefore
      current = { replicationId: current.replicationId, offset: start + reader.consumed }
      if (events.length + passedOver > 0) yield { kind: 'events', events, passedOver, position: current }
    }
    if (!signal.aborted) throw new Error("the node's Redis closed the replication link")
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(acknowledge)
    clearInterval(silence)
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}

const encode = (words: string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

/** The handshake's half of the socket: single-line answers, then the RDB, then whatever follows as it comes. */
class LineReader {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)

  constructor (socket: Socket) {
    this.#socket = socket
    this.#chunks = socket[Symbol.asyncIterator]()
  }

  async ask (words: string[]): Promise<string> {
    this.#socket.write(encode(words))
    const line = await this.#line()
    if (line.startsWith('-')) throw new Error(`the node's Redis answered ${words[0]} with ${line.slice(1)}`)
    return line
  }

  /** The RDB of a full resync: `$<length>` or, diskless, `$EOF:<40 bytes>` with that mark again behind it. */
  async skipSnapshot (): Promise<void> {
    const header = await this.#line()
    if (!header.startsWith('$')) throw new Error('the full resync did not start with a snapshot')
    if (!header.startsWith('$EOF:')) {
      let left = Number(header.slice(1))
      while (left > this.#buffer.length) {
        left -= this.#buffer.length
        this.#buffer = await this.#chunk()
      }
      this.#buffer = this.#buffer.subarray(left)
      return
    }
    const mark = Buffer.from(header.slice(5), 'latin1')
    for (;;) {
      const found = this.#buffer.indexOf(mark)
      if (found !== -1) {
        this.#buffer = this.#buffer.subarray(found + mark.length)
        return
      }
      const tail = this.#buffer.subarray(Math.max(0, this.#buffer.length - mark.length))
      this.#buffer = Buffer.concat([tail, await this.#chunk()])
    }
  }

  async * rest (): AsyncGenerator<Buffer, void, undefined> {
    if (this.#buffer.length > 0) yield this.#buffer
    for (;;) {
      const { value, done } = await this.#chunks.next()
      if (done) return
      yield value
    }
  }

  /** Empty lines keep the link alive while the server prepares a snapshot. */
  async #line (): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(10)
      if (end === -1) {
        this.#buffer = Buffer.concat([this.#buffer, await this.#chunk()])
        continue
      }
      const line = this.#buffer.subarray(0, end).toString('latin1').trimEnd()
      this.#buffer = this.#buffer.subarray(end + 1)
      if (line !== '') return line
    }
  }

  async #chunk (): Promise<Buffer> {
    const { value, done } = await this.#chunks.next()
    if (done) throw new Error("the node's Redis closed the replication link")
    return value
  }
}
