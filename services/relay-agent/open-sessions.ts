import type { SessionState } from '../domain/session.ts'
import { isProbe } from '../domain/turn-credential.ts'
import type { FoldedSession } from '../store/agent-state.ts'
import { findLost } from './fold-usage.ts'
import type { Folded } from './fold-usage.ts'
import { LoadMeter } from './load-meter.ts'
import { AllocationWatch } from './watch-allocations.ts'

export interface OpenSessionsOptions {
  now: () => number
  /** the standing of one session, each time it is another */
  report: (allocation: string, session: FoldedSession, state: SessionState) => void
  /** one has ended without its total */
  onLost: () => void
}

/** The live allocations of the coturn that runs: what was said of each, what they carry together, and what new ones come to carry. */
export class OpenSessions {
  readonly #options: OpenSessionsOptions
  readonly #sessions = new Map<string, FoldedSession>()
  readonly #load = new LoadMeter()
  readonly #allocations = new AllocationWatch()

  constructor (options: OpenSessionsOptions) {
    this.#options = options
  }

  get all (): ReadonlyMap<string, FoldedSession> { return this.#sessions }
  loadBitsPerSecond (): number { return this.#load.bitsPerSecond(this.#options.now()) }
  /** Allocations whose rate is not known yet, and what such ones came to carry. */
  lookAtAllocations (): ReturnType<AllocationWatch['look']> { return this.#allocations.look(this.#options.now()) }

  /** One of the last life; it is reported once more, in case its last row was held back. */
  restore (allocation: string, session: FoldedSession): void {
    this.#sessions.set(allocation, session)
    this.#load.begin(allocation, session.atMs)
    if (!isProbe(session.username)) this.#allocations.begin(allocation, session.startedAtMs, false)
    this.#options.report(allocation, session, 'open')
  }

  /** @param replaying whether this may be of the past, and says nothing of the rate of now */
  keep ({ allocation, session, state, deltaBytes }: Extract<Folded, { kind: 'session' }>, nowMs: number, replaying: boolean): void {
    const isNew = !this.#sessions.has(allocation)
    this.#sessions.set(allocation, session)
    if (state !== 'open') return this.end(allocation, state)
    // probes come by their own clock and carry nothing: what is learned of them says nothing of clients
    if (isNew && !isProbe(session.username)) this.#allocations.begin(allocation, session.startedAtMs, !replaying)
    this.#load.report(allocation, deltaBytes, nowMs, replaying)
    const rate = this.#load.rateOf(allocation)
    if (rate !== undefined) this.#allocations.resolve(allocation, rate, nowMs)
    this.#options.report(allocation, session, state)
  }

  end (allocation: string, state: SessionState): void {
    const session = this.#sessions.get(allocation)
    if (!session) return
    this.#sessions.delete(allocation)
    this.#load.forget(allocation)
    this.#allocations.resolve(allocation, meanRate(session), session.atMs)
    if (state === 'lost') this.#options.onLost()
    this.#options.report(allocation, session, state)
  }

  /** Another coturn runs, or none: what is held has ended without a word. */
  endAll (): void {
    for (const allocation of [...this.#sessions.keys()]) this.end(allocation, 'lost')
    this.#load.clear()
    this.#allocations.clear()
  }

  /** Closes what ended without its total, of what could be heard since then. */
  sweep (heardSinceMs: number): void {
    for (const allocation of findLost(this.#sessions, heardSinceMs, this.#options.now())) this.end(allocation, 'lost')
  }
}

/** Egress in bits per second over the whole life of a session. */
const meanRate = ({ bytesIn, bytesOut, startedAtMs, atMs }: FoldedSession): number =>
  (bytesIn + bytesOut) * 8000 / Math.max(1_000, atMs - startedAtMs)
