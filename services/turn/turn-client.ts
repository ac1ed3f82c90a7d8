import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { allocateAttributes, readAllocation, readMappedAddress, type AllocateOptions, type Allocation } from './allocation.ts'
import { ChannelNumbers } from './channel-numbers.ts'
import { openLeg } from './open-leg.ts'
import { AttributeType, Method, TRANSACTION_ID_BYTES, attributeOf, decodeStun, encodeStun } from './stun-message.ts'
import { CHANNEL_HEADER_BYTES, decodeChannelData, decodeUint32, decodeXorAddress, encodeChannelData, encodeUint32, encodeXorAddress, type TransportAddress } from './stun-values.ts'
import type { SeenCertificate } from './tls-certificate.ts'
import { TurnFailure } from './turn-errors.ts'
import type { Leg, Traffic, Transport } from './turn-leg.ts'
import { TurnRequests } from './turn-requests.ts'

/** Four sends over UDP (at 0, 0.5, 1.5 and 3.5 s). The 39.5 s of RFC 8489 are too long for a check that somebody waits for. */
const DEFAULT_REQUEST_TIMEOUT_MS = 7500

export interface TurnClientOptions {
  host: string
  port: number
  transport: Transport
  username: string
  password: string
  localAddress?: string | undefined
  /** For TLS: trusted beside what Node trusts, PEM. */
  ca?: string | undefined
  /** Bound for the answer to one request, retransmissions included, and for the opening: name, TCP and TLS. */
  requestTimeoutMs?: number | undefined
  /** Over UDP, until a request is first sent again; 500 ms (RFC 8489 section 6.2.1) unless told. */
  rtoMs?: number | undefined
  /** Ends the opening early. */
  signal?: AbortSignal | undefined
}

/** Where data came from: the channel's number, or the peer's address if it came in a Data indication. */
export type DataSource = number | TransportAddress

/**
 * A TURN client (RFC 8656) with the long-term credential mechanism, for measuring and for checks. `traffic` counts
 * every STUN message and every ChannelData message of the client leg: requests and each of their retransmissions,
 * indications, answers, the 401 challenge, and what arrives and is ignored. See `Traffic` for bytes and directions.
 *
 * It refreshes nothing by itself. Requests reject with TurnError or TurnFailure. 'data' comes with the payload and its
 * source, 'close' once when the socket is closed, by whomever.
 */
export class TurnClient extends EventEmitter<{ data: [payload: Buffer, source: DataSource], close: [] }> {
  readonly #leg: Leg
  readonly #requests: TurnRequests
  /** Padding is for streams only (RFC 8656 section 12.5). */
  readonly #padded: boolean
  readonly #channels = new ChannelNumbers()
  #allocation: Allocation | undefined

  private constructor (leg: Leg, requests: TurnRequests, padded: boolean) {
    super()
    this.#leg = leg
    this.#requests = requests
    this.#padded = padded
    leg.listen({
      onMessage: (message) => { this.#receive(message) },
      onError: (error) => { requests.fail(error) },
      onClose: () => { this.#closed() }
    })
  }

  /**
   * Opens the way and sends nothing yet over UDP. Rejects with TurnFailure of 'resolve', 'connect' or 'tls'; with
   * CertificateFailure, which tells the certificate, if it is not one that a browser accepts.
   */
  static async connect (options: TurnClientOptions): Promise<TurnClient> {
    const { transport, username, password, rtoMs, requestTimeoutMs: timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = options
    const leg = await openLeg({ ...options, connectTimeoutMs: timeoutMs })
    const requests = new TurnRequests(leg, { username, password, retransmit: transport === 'udp', rtoMs, timeoutMs })
    return new TurnClient(leg, requests, transport !== 'udp')
  }

  get traffic (): Traffic { return this.#leg.traffic }

  /** What the relay showed over TLS; undefined over UDP and TCP. */
  get certificate (): SeenCertificate | undefined { return this.#leg.certificate }

  /** STUN Binding (RFC 8489 section 3): needs no credential. Resolves with this side's address as the relay sees it. */
  async binding (): Promise<TransportAddress> {
    const mapped = readMappedAddress(await this.#requests.binding())
    if (mapped === undefined) throw new TurnFailure('binding', 'TURN_BAD_ANSWER', 'no XOR-MAPPED-ADDRESS in the answer')
    return mapped
  }

  /** The allocation while there is one, as far as this client knows. */
  get allocation (): Allocation | undefined { return this.#allocation }

  /** Allocate (RFC 8656 section 7). */
  async allocate (options: AllocateOptions = {}): Promise<Allocation> {
    const answer = await this.#requests.request('allocate', () => allocateAttributes(options))
    this.#allocation = readAllocation(answer)
    return this.#allocation
  }

  /** CreatePermission for one IP address (RFC 8656 section 10); holds 300 s. */
  async createPermission (address: string): Promise<void> {
    await this.#requests.request('createPermission', (id) => [
      { type: AttributeType.xorPeerAddress, value: encodeXorAddress({ address, port: 0 }, id) }
    ])
  }

  /**
   * ChannelBind (RFC 8656 section 12), which gives the permission too; the channel holds 600 s, the permission 300 s.
   * 'auto' takes the peer's channel or else the next free one. Resolves with the number.
   */
  async bindChannel (channel: number | 'auto', peer: TransportAddress): Promise<number> {
    const number = this.#channels.take(channel, peer)
    await this.#requests.request('channelBind', (id) => [
      { type: AttributeType.channelNumber, value: Buffer.from([number >> 8, number & 0xff, 0, 0]) },
      { type: AttributeType.xorPeerAddress, value: encodeXorAddress(peer, id) }
    ])
    return number
  }

  /** A ChannelData message; for a channel that is not bound the relay drops it without a word. */
  sendChannelData (channel: number, payload: Buffer): void {
    this.#leg.send(encodeChannelData(channel, payload, this.#padded), CHANNEL_HEADER_BYTES + payload.length)
  }

  /** A Send indication (RFC 8656 section 11); there is no answer, and without a permission the relay drops it. */
  sendIndication (peer: TransportAddress, payload: Buffer): void {
    const transactionId = randomBytes(TRANSACTION_ID_BYTES)
    const attributes = [
      { type: AttributeType.xorPeerAddress, value: encodeXorAddress(peer, transactionId) },
      { type: AttributeType.data, value: payload }
    ]
    this.#leg.send(encodeStun({ messageClass: 'indication', method: Method.send, transactionId, attributes }))
  }

  /** Refresh (RFC 8656 section 8); resolves with the lifetime granted, in seconds. */
  async refresh (lifetimeSeconds: number): Promise<number> {
    const answer = await this.#requests.request('refresh', () => [
      { type: AttributeType.lifetime, value: encodeUint32(lifetimeSeconds) }
    ])
    const granted = decodeUint32(attributeOf(answer, AttributeType.lifetime)) ?? lifetimeSeconds
    if (lifetimeSeconds === 0) this.#forgetAllocation()
    else if (this.#allocation !== undefined) this.#allocation.lifetimeSeconds = granted
    return granted
  }

  /**
   * Ends the allocation: Refresh with lifetime 0. coturn reports the session about a second later. Requests under way
   * are given up first, so that none of them makes an allocation behind it.
   */
  async release (): Promise<void> {
    this.#requests.abandon()
    await this.refresh(0)
  }

  /** Closes the socket without a Refresh: over TCP that ends the allocation, over UDP it lives until it expires. May be called again. */
  async close (graceMs?: number): Promise<void> {
    await this.#leg.close(graceMs)
  }

  #forgetAllocation (): void {
    this.#allocation = undefined
    this.#channels.clear()
  }

  #receive (bytes: Buffer): void {
    const channelData = decodeChannelData(bytes)
    if (channelData !== undefined) {
      this.emit('data', channelData.payload, channelData.channel)
      return
    }
    const message = decodeStun(bytes)
    if (message === undefined) return
    if (message.messageClass !== 'indication') {
      this.#requests.answer(message)
      return
    }
    const peer = decodeXorAddress(attributeOf(message, AttributeType.xorPeerAddress), message.transactionId)
    const payload = attributeOf(message, AttributeType.data)
    if (message.method === Method.data && peer !== undefined && payload !== undefined) this.emit('data', payload, peer)
  }

  #closed (): void {
    this.#forgetAllocation()
    this.#requests.abandon()
    this.emit('close')
  }
}
