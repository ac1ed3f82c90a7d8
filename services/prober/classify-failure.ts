import type { ProbeCause, ProbeFailure, ProbeStage } from '../domain/health.ts'
import { TurnError, TurnFailure, type TurnFailureCode } from '../turn/turn-errors.ts'

/** What coturn means by its error codes; any other is a `stun_error`. */
const CAUSE_OF_CODE: Readonly<Record<number, ProbeCause>> = {
  401: 'unauthorized',
  403: 'forbidden',
  486: 'quota',
  508: 'no_ports'
}

const CAUSE_OF_FAILURE: Readonly<Record<TurnFailureCode, ProbeCause>> = {
  TURN_UNRESOLVED: 'unresolved',
  TURN_UNREACHABLE: 'unreachable',
  TURN_REFUSED: 'refused',
  TURN_CONNECTION_LOST: 'closed',
  TURN_TIMEOUT: 'timeout',
  TURN_TLS_FAILED: 'tls_failed',
  TURN_CERTIFICATE_EXPIRED: 'certificate_expired',
  TURN_CERTIFICATE_UNTRUSTED: 'certificate_untrusted',
  TURN_BAD_ANSWER: 'stun_error'
}

/** The time was up while a request was under way. */
export class ProbeTimeout extends Error {}

const OPENING: readonly string[] = ['resolve', 'connect', 'tls'] satisfies ProbeStage[]

/**
 * What the client's error means for a probe that was at `stage`. The opening of a leg knows better itself how far it came.
 * An error that is none of the client's is this side's own (no memory, no file descriptor): the way is not open.
 */
export function classifyFailure (stage: ProbeStage, error: unknown): ProbeFailure {
  if (error instanceof TurnError) return { stage, cause: CAUSE_OF_CODE[error.code] ?? 'stun_error', code: error.code }
  if (error instanceof ProbeTimeout) return { stage, cause: 'timeout', code: null }
  if (!(error instanceof TurnFailure)) return { stage, cause: 'unreachable', code: null }
  const reached = OPENING.includes(error.method) ? error.method as ProbeStage : stage
  return { stage: reached, cause: CAUSE_OF_FAILURE[error.code], code: null }
}

/**
 * Whether that failure came from the far end: a STUN error, a port that refused, a connection that broke after it was
 * accepted, TLS that went wrong on an accepted connection. Silence, and what routers say, came from nobody there.
 */
export function cameFromThere ({ stage, cause, code }: ProbeFailure): boolean {
  return code !== null || stage === 'tls' || cause === 'refused' || cause === 'stun_error'
}
