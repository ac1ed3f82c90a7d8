import { randomBytes } from 'node:crypto'
import { AttributeType, Method, TRANSACTION_ID_BYTES, attributeOf, encodeStun, longTermKey, type DecodedStun, type StunAttribute } from './stun-message.ts'
import { decodeErrorCode } from './stun-values.ts'
import { TurnError, TurnFailure, failureOf } from './turn-errors.ts'
import type { Leg } from './turn-leg.ts'

/** First retransmission timeout; it doubles each time (RFC 8489 section 6.2.1). */
const INITIAL_RTO_MS = 500
/** Rc, the most times a request is sent (RFC 8489 section 6.2.1). */
const MAX_SENDS = 7

export type RequestMethod = 'binding' | 'allocate' | 'refresh' | 'createPermission' | 'channelBind'
/** The attributes of a request; addresses in them are XORed with its transaction id. */
export type AttributesFor = (transactionId: Buffer) => StunAttribute[]

export interface TurnRequestsOptions {
  username: string
  password: string
  /** Over UDP a request is sent again while there is no answer. */
  retransmit: boolean
  /** first retransmission timeout, 500 unless told */
  rtoMs?: number | undefined
  timeoutMs: number
}

interface Login { realm: Buffer, nonce: Buffer, key: Buffer }
interface Waiting {
  methodName: RequestMethod
  key: Buffer | undefined
  resolve: (answer: DecodedStun) => void
  reject: (error: Error) => void
}

function errorOf (methodName: RequestMethod, answer: DecodedStun): TurnError {
  const { code, reason } = decodeErrorCode(attributeOf(answer, AttributeType.errorCode)) ?? { code: 500, reason: 'without ERROR-CODE' }
  return new TurnError(methodName, code, reason)
}

/** Requests and their answers with the long-term credential mechanism (RFC 8489 section 9.2); any number at a time. */
export class TurnRequests {
  readonly #leg: Leg
  readonly #options: TurnRequestsOptions
  readonly #waiting = new Map<string, Waiting>()
  #login: Login | undefined
  /** How often requests were given up: one that is between two transactions then must not begin its second. */
  #abandoned = 0

  constructor (leg: Leg, options: TurnRequestsOptions) {
    this.#leg = leg
    this.#options = options
  }

  /**
   * Sends one request; a first 401 teaches realm and nonce, a 438 a new nonce, once. Resolves with the success answer.
   * Rejects with TurnError for an error answer, TurnFailure when there is none.
   */
  async request (methodName: RequestMethod, attributesFor: AttributesFor): Promise<DecodedStun> {
    let staleNonces = 0
    const abandoned = this.#abandoned
    for (;;) {
      const login = this.#login
      const answer = await this.#transact(methodName, attributesFor, login)
      if (answer.messageClass === 'success') return answer
      const error = errorOf(methodName, answer)
      if (error.code === 438) staleNonces += 1
      const again = (error.code === 401 && login === undefined) || (error.code === 438 && staleNonces === 1)
      if (!again || abandoned !== this.#abandoned || !this.#learnLogin(answer)) throw error
    }
  }

  /** Takes a response that came in; one that no request waits for, or with a wrong signature, is ignored. */
  answer (message: DecodedStun): void {
    const waiting = this.#waiting.get(message.transactionId.toString('hex'))
    if (waiting === undefined || message.method !== Method[waiting.methodName]) return
    if (message.messageClass === 'error') waiting.resolve(message)
    // A success without the right signature counts as not received (RFC 8489 section 9.2.5).
    if (message.messageClass === 'success' && (waiting.key === undefined || message.verify(waiting.key))) waiting.resolve(message)
  }

  /** The leg is gone, or this side has lost interest: no request waits any more, and none is sent again. */
  abandon (): void {
    this.#abandoned += 1
    for (const { reject, methodName } of this.#waiting.values()) {
      reject(new TurnFailure(methodName, 'TURN_CONNECTION_LOST', 'the connection ended before the answer', this.#leg.lastError()))
    }
  }

  /** A hard ICMP error: what is under way has failed (RFC 8489 section 6.2.1). */
  fail (error: Error): void {
    for (const { reject, methodName } of this.#waiting.values()) reject(failureOf(methodName, error))
  }

  /** A Binding request, which carries no credential even where there is one; one error answer is the end of it. */
  async binding (): Promise<DecodedStun> {
    const answer = await this.#transact('binding', () => [], undefined)
    if (answer.messageClass === 'success') return answer
    throw errorOf('binding', answer)
  }

  #learnLogin (answer: DecodedStun): boolean {
    const realm = attributeOf(answer, AttributeType.realm)
    const nonce = attributeOf(answer, AttributeType.nonce)
    if (realm === undefined || nonce === undefined) return false
    const { username, password } = this.#options
    this.#login = { realm, nonce, key: longTermKey(username, realm.toString(), password) }
    return true
  }

  #encode (methodName: RequestMethod, transactionId: Buffer, attributesFor: AttributesFor, login: Login | undefined): Buffer {
    const message = { messageClass: 'request', method: Method[methodName], transactionId } as const
    const attributes = attributesFor(transactionId)
    if (login === undefined) return encodeStun({ ...message, attributes })
    const credentials = [
      { type: AttributeType.username, value: Buffer.from(this.#options.username) },
      { type: AttributeType.realm, value: login.realm },
      { type: AttributeType.nonce, value: login.nonce }
    ]
    return encodeStun({ ...message, attributes: [...attributes, ...credentials] }, { key: login.key })
  }

  /** Sends one transaction, over UDP again and again until an answer comes or the time is up. */
  #transact (methodName: RequestMethod, attributesFor: AttributesFor, login: Login | undefined): Promise<DecodedStun> {
    const transactionId = randomBytes(TRANSACTION_ID_BYTES)
    const id = transactionId.toString('hex')
    const bytes = this.#encode(methodName, transactionId, attributesFor, login)
    const { retransmit, timeoutMs, rtoMs = INITIAL_RTO_MS } = this.#options
    let resend: NodeJS.Timeout | undefined
    let timeout: NodeJS.Timeout | undefined
    const send = (sends: number): void => {
      this.#leg.send(bytes)
      if (retransmit && sends < MAX_SENDS) resend = setTimeout(send, rtoMs * 2 ** (sends - 1), sends + 1)
    }
    return new Promise<DecodedStun>((resolve, reject) => {
      this.#waiting.set(id, { methodName, key: login?.key, resolve, reject })
      timeout = setTimeout(() => {
        reject(new TurnFailure(methodName, 'TURN_TIMEOUT', `no answer in ${timeoutMs} ms`, this.#leg.lastError()))
      }, timeoutMs)
      send(1)
    }).finally(() => {
      clearTimeout(resend)
      clearTimeout(timeout)
      this.#waiting.delete(id)
    })
  }
}
