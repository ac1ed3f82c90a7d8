/** The relay answered a request with an error; `code` is that of ERROR-CODE (RFC 8489 section 14.8, RFC 8656 section 19), such as 401, 403, 437, 486, 508. */
export class TurnError extends Error {
  override readonly name = 'TurnError'
  readonly code: number
  readonly method: string

  constructor (method: string, code: number, reason: string) {
    super(`${method} was answered ${code}${reason === '' ? '' : ` ${reason}`}`)
    this.code = code
    this.method = method
  }
}

export type TurnFailureCode = 'TURN_TIMEOUT' | 'TURN_CONNECTION_LOST' | 'TURN_BAD_ANSWER'

/** A request got no usable answer: none in time, the connection ended before it, or it lacks what it must carry. `cause` is the socket's last error, if there was one. */
export class TurnFailure extends Error {
  override readonly name = 'TurnFailure'
  readonly code: TurnFailureCode
  readonly method: string

  constructor (method: string, code: TurnFailureCode, message: string, cause?: Error) {
    super(`${method}: ${message}${cause === undefined ? '' : ` (${cause.message})`}`, { cause })
    this.code = code
    this.method = method
  }
}
