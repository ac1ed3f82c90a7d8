import { admit, fail, mayAsk, newCircuit, stateOf, succeed } from './circuit.ts'
import type { CircuitState } from './circuit.ts'
import { asUpstreamError, UpstreamError } from './upstream-error.ts'
import type { Failure } from './upstream-error.ts'

export interface CircuitView {
  state: CircuitState
  /** whether a request would be let in now */
  mayAsk: boolean
  sinceMs: number
  /** when it may be asked again; null while it is asked anyway */
  retryAtMs: number | null
  lastFailure: { kind: Failure, atMs: number } | null
}

export interface GuardOptions {
  /** unix time in milliseconds, of a clock that is never set back */
  now: () => number
  random: () => number
  /** every request and what became of it; `durationMs` is undefined where none was sent */
  onOutcome: (outcome: 'ok' | Failure, durationMs: number | undefined, error: UpstreamError | undefined) => void
  /** the circuit has been opened or closed */
  onChange: (view: CircuitView) => void
}

/**
 * Requests on their way to one provider. A provider that hangs holds this many until their deadline and no more; one that
 * answers in 100 ms still serves 640 a second, more than Cloudflare asks to begin with (500).
 */
const MAX_IN_FLIGHT = 64
/**
 * With less time than this a request is not sent: a new connection and an answer take up to half of it, so that what fails
 * says something of the provider, and not of how long we let it wait here.
 */
const LEAST_MS = 700

/**
 * The one way to a provider: each request is let in by the circuit, waits for its turn, has a hard deadline, and is never
 * sent twice.
 */
export function createCallGuard ({ now, random, onOutcome, onChange }: GuardOptions) {
  let circuit = newCircuit(now())
  let inFlight = 0
  const line = createLine()

  const view = (): CircuitView => {
    const { mode, sinceMs, retryAtMs, lastFailure } = circuit
    const state = stateOf(circuit, now())
    return { state, mayAsk: mayAsk(circuit, now()), sinceMs: state === 'half_open' ? retryAtMs : sinceMs, retryAtMs: mode === 'closed' ? null : retryAtMs, lastFailure }
  }

  function become (next: typeof circuit): void {
    const before = circuit
    circuit = next
    if (next.mode === before.mode && next.openings === before.openings) return
    onChange(view())
    // who waits for a turn asks anew, and is told to go elsewhere
    if (next.mode !== 'closed') line.wake(Infinity)
  }

  function refuse (kind: 'circuit_open' | 'busy', message: string): never {
    const error = new UpstreamError(kind, message)
    onOutcome(kind, undefined, error)
    throw error
  }

  /** Let in by the circuit and counted in one step, so that no two requests take the same place. @throws UpstreamError busy, circuit_open */
  async function takeTurn (untilMs: number): Promise<{ epoch: number, leftMs: number }> {
    for (;;) {
      if (!mayAsk(circuit, now())) refuse('circuit_open', `not asked, for it failed lately (${circuit.lastFailure?.kind})`)
      const leftMs = untilMs - now()
      if (leftMs < LEAST_MS) refuse('busy', 'not asked, for no time was left to wait for the answer')
      if (inFlight < MAX_IN_FLIGHT) {
        inFlight += 1
        circuit = admit(circuit)
        return { epoch: circuit.epoch, leftMs }
      }
      await line.wait(leftMs - LEAST_MS)
    }
  }

  function giveTurn (): void {
    inFlight -= 1
    // one of them has the place; whoever comes too late for it only looks
    line.wake(MAX_IN_FLIGHT - inFlight)
  }

  /**
   * @param timeoutMs for all of it, the wait for a turn included; `work` must end when its signal is aborted
   * @throws UpstreamError
   */
  async function run<T> (timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { epoch, leftMs } = await takeTurn(now() + timeoutMs)
    const startedMs = now()
    try {
      const result = await within(leftMs, work)
      become(succeed(circuit, epoch, now()))
      onOutcome('ok', now() - startedMs, undefined)
      return result
    } catch (thrown) {
      const error = asUpstreamError(thrown)
      become(fail(circuit, epoch, { kind: error.kind, retryAfterMs: error.retryAfterMs, jitter: random() }, now()))
      onOutcome(error.kind, now() - startedMs, error)
      throw error
    } finally {
      giveTurn()
    }
  }

  return { run, view }
}

/** Who waits for a turn, the first one first; woken, each looks for itself whether it has one. */
function createLine () {
  const waiting = new Set<() => void>()
  return {
    wait: async (mostMs: number): Promise<void> => {
      await new Promise<void>(resolve => {
        const wake = (): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, mostMs)
        waiting.add(wake)
      })
    },
    wake: (count: number): void => { for (const wake of [...waiting].slice(0, count)) wake() }
  }
}

/** Ends at the deadline even where `work` does not. @throws UpstreamError timeout */
export async function within<T> (deadlineMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new UpstreamError('timeout', `no whole answer within ${Math.round(deadlineMs)} ms`)
      reject(error)
      deadline.abort(error)
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(deadline.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
