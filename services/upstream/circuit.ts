import type { Failure } from './upstream-error.ts'

/** closed: asked. open: left alone until `retryAtMs`. half_open: one request finds out. misconfigured: open, and for the operator to mend. */
export const CIRCUIT_STATES = ['closed', 'open', 'half_open', 'misconfigured'] as const
export type CircuitState = typeof CIRCUIT_STATES[number]

/** What is known of one provider; a value, never changed in place. */
export interface Circuit {
  readonly mode: 'closed' | 'open' | 'misconfigured'
  /** since when it is in this mode */
  readonly sinceMs: number
  /** failures less successes while closed, never below 0 */
  readonly strikes: number
  /** unless closed: when the next request may find out */
  readonly retryAtMs: number
  /** that request is on its way */
  readonly probing: boolean
  /** times it was opened since it was last closed */
  readonly openings: number
  /** grows with every change of what may be sent: who was let in before it has no say any more */
  readonly epoch: number
  readonly lastFailure: { readonly kind: Failure, readonly atMs: number } | null
}

/** In a row, or that many more failures than successes: one slow answer is no outage, and five users have waited then. */
export const STRIKES_TO_OPEN = 5
/** Doubled with every probe that fails, up to a minute: what is down for an hour is asked sixty times more. */
const OPEN_MS = 5_000
const OPEN_MOST_MS = 60_000
/** Without a Retry-After; a limit on concurrent requests (Twilio 20429) is over in a moment. */
const BACK_OFF_MS = 1_000
/** A provider that asks for longer is believed no further: an operator who waits for it would think that we are stuck. */
const RETRY_AFTER_MOST_MS = 300_000
/** A refused key does not mend itself, and failed logins count against the account (Twilio 70005). */
const MISCONFIGURED_MS = 60_000

export const newCircuit = (nowMs: number): Circuit =>
  ({ mode: 'closed', sinceMs: nowMs, strikes: 0, retryAtMs: 0, probing: false, openings: 0, epoch: 0, lastFailure: null })

/** half_open begins when the next request would be let through, whether or not one comes. */
export function stateOf ({ mode, retryAtMs }: Circuit, nowMs: number): CircuitState {
  return mode === 'open' && nowMs >= retryAtMs ? 'half_open' : mode
}

export const mayAsk = ({ mode, probing, retryAtMs }: Circuit, nowMs: number): boolean =>
  mode === 'closed' || (!probing && nowMs >= retryAtMs)

/** Lets one request in, unless mayAsk says no. Its result is told with the `epoch` of the circuit returned here. */
export function admit (circuit: Circuit): Circuit {
  return circuit.mode === 'closed' ? circuit : { ...circuit, probing: true, epoch: circuit.epoch + 1 }
}

/** A request that was let in at `epoch` went well. */
export function succeed (circuit: Circuit, epoch: number, nowMs: number): Circuit {
  if (epoch !== circuit.epoch) return circuit
  if (circuit.mode === 'closed') return circuit.strikes === 0 ? circuit : { ...circuit, strikes: circuit.strikes - 1 }
  return { ...newCircuit(nowMs), epoch: circuit.epoch + 1, lastFailure: circuit.lastFailure }
}

export interface Failed {
  kind: Failure
  retryAfterMs?: number | undefined
  /** in [0, 1): replicas that were shut out together come back one after the other */
  jitter: number
}

/** A request that was let in at `epoch` failed. */
export function fail (circuit: Circuit, epoch: number, failed: Failed, nowMs: number): Circuit {
  if (epoch !== circuit.epoch) return circuit
  const { kind } = failed
  const lastFailure = { kind, atMs: nowMs }
  if (kind === 'misconfigured') return shut({ ...circuit, lastFailure }, 'misconfigured', MISCONFIGURED_MS, nowMs)
  if (kind === 'rate_limited') return shut({ ...circuit, lastFailure }, 'open', backOffMs(circuit, failed), nowMs)
  const strikes = circuit.strikes + 1
  if (circuit.mode === 'closed' && strikes < STRIKES_TO_OPEN) return { ...circuit, strikes, lastFailure }
  return shut({ ...circuit, lastFailure }, 'open', doubled(OPEN_MS, circuit, failed), nowMs)
}

function shut (circuit: Circuit, mode: 'open' | 'misconfigured', forMs: number, nowMs: number): Circuit {
  return {
    ...circuit,
    mode,
    sinceMs: circuit.mode === mode ? circuit.sinceMs : nowMs,
    strikes: 0,
    retryAtMs: nowMs + forMs,
    probing: false,
    openings: circuit.openings + 1,
    epoch: circuit.epoch + 1
  }
}

/** Never before the time the provider asked for, up to a fifth after it. */
const spread = (ms: number, jitter: number): number => Math.round(ms * (1 + jitter / 5))

const doubled = (ms: number, { openings }: Circuit, { jitter }: Failed): number =>
  spread(Math.min(ms * 2 ** Math.min(openings, 10), OPEN_MOST_MS), jitter)

function backOffMs (circuit: Circuit, failed: Failed): number {
  const { retryAfterMs } = failed
  if (retryAfterMs === undefined) return doubled(BACK_OFF_MS, circuit, failed)
  return spread(Math.min(Math.max(retryAfterMs, BACK_OFF_MS), RETRY_AFTER_MOST_MS), failed.jitter)
}
