/** Why a provider gave nothing, in words that stay the same: metrics and the admin API show them. */
export const FAILURES = ['server_error', 'timeout', 'unreachable', 'bad_reply', 'rate_limited', 'misconfigured', 'rejected', 'busy', 'circuit_open'] as const
/**
 * server_error: a 5xx. timeout: no whole reply in time. unreachable: no connection, or one that broke. bad_reply: not what
 * the contract says, or nothing usable in it. rate_limited: 429. misconfigured: 401, 403, 404. rejected: any other status.
 * Not sent at all: busy (too many requests were on their way), circuit_open (it failed lately).
 */
export type Failure = typeof FAILURES[number]

/** The message holds no URL, no body and no secret, so it may be logged as it is. */
export class UpstreamError extends Error {
  override name = 'UpstreamError'
  readonly kind: Failure
  /** how long the provider asks to be left alone */
  readonly retryAfterMs: number | undefined

  constructor (kind: Failure, message: string, retryAfterMs?: number) {
    super(message)
    this.kind = kind
    this.retryAfterMs = retryAfterMs
  }
}

/** What is no UpstreamError yet was thrown while a reply was read that is not as it should be; its message may quote it. */
export const asUpstreamError = (error: unknown): UpstreamError =>
  error instanceof UpstreamError ? error : new UpstreamError('bad_reply', 'the reply is not of the form it should have')
