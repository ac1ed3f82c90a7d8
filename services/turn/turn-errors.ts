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

/**
 * Why there was no usable answer. REFUSED: nobody has that port (TCP RST, ICMP port unreachable), so a machine is there;
 * UNREACHABLE: no way there. CERTIFICATE_EXPIRED and CERTIFICATE_UNTRUSTED: what a browser would not accept either.
 */
export type TurnFailureCode = 'TURN_UNRESOLVED' | 'TURN_UNREACHABLE' | 'TURN_REFUSED' | 'TURN_CONNECTION_LOST' | 'TURN_TIMEOUT' |
  'TURN_TLS_FAILED' | 'TURN_CERTIFICATE_EXPIRED' | 'TURN_CERTIFICATE_UNTRUSTED' | 'TURN_BAD_ANSWER'

/** What was under way: a step of opening the leg, or a request by the name of its method. */
export type TurnStep = 'resolve' | 'connect' | 'tls' | 'binding' | 'allocate' | 'refresh' | 'createPermission' | 'channelBind'

/** A request got no usable answer: none in time, the connection ended before it, or it lacks what it must carry. `cause` is the socket's last error, if there was one. */
export class TurnFailure extends Error {
  override readonly name: string = 'TurnFailure'
  readonly code: TurnFailureCode
  readonly method: TurnStep

  constructor (method: TurnStep, code: TurnFailureCode, message: string, cause?: Error) {
    super(`${method}: ${message}${cause === undefined ? '' : ` (${cause.message})`}`, { cause })
    this.code = code
    this.method = method
  }
}

/** By the error codes of sockets. ECONNREFUSED over UDP is an ICMP "port unreachable", which Linux tells a connected socket. */
const FAILURE_OF: Readonly<Record<string, TurnFailureCode>> = {
  ECONNREFUSED: 'TURN_REFUSED',
  ECONNRESET: 'TURN_CONNECTION_LOST',
  EPIPE: 'TURN_CONNECTION_LOST',
  ETIMEDOUT: 'TURN_TIMEOUT'
}

/**
 * A socket's error as a failure of what was under way. What is in no list is TLS that cannot be agreed on, or else keeps
 * a packet from leaving: no route, no such local address, not permitted.
 */
export function failureOf (method: TurnStep, error: Error): TurnFailure {
  const code = 'code' in error ? String(error.code) : ''
  const unlisted = method === 'tls' ? 'TURN_TLS_FAILED' : 'TURN_UNREACHABLE'
  return new TurnFailure(method, FAILURE_OF[code] ?? unlisted, code === '' ? 'the socket failed' : code, error)
}
