import type { SessionState, UsageBatch, UsageRow } from '../domain/session.ts'
import type { AgentChange, AgentCursor, FoldedSession, OutboxBatch } from '../store/agent-state.ts'

/** A batch becomes one script call at the centre; 200 rows keep that well under a millisecond. */
const ROWS_A_BATCH = 200
/** The agent's own writes move the position too; this much of them is worth a save of the position alone. */
const POSITION_DRIFT_BYTES = 4 * 1024 * 1024

/** What has been folded and not been saved: sessions as they stand, and the rows that report them. */
export class UnsavedChange {
  readonly #region: string
  readonly #now: () => number
  #sessions = new Map<string, FoldedSession | undefined>()
  /** boot -> allocation -> how it stands; the row of it is made when it is taken */
  readonly #standings = new Map<string, Map<string, { session: FoldedSession, state: SessionState }>>()
  #replaceAll = false
  #savedOffset = 0
  #firstOfLife = false

  constructor (region: string, now: () => number) {
    this.#region = region
    this.#now = now
  }

  get empty (): boolean { return this.#sessions.size === 0 && this.#standings.size === 0 && !this.#replaceAll }

  /** Begins at what the last life saved. */
  resume (cursor: AgentCursor): void {
    this.#savedOffset = cursor.position.offset
    this.#firstOfLife = true
  }

  /** The standing of one session; one that has ended is forgotten once its row is safe. */
  report (boot: string, allocation: string, session: FoldedSession, state: SessionState): void {
    this.#sessions.set(allocation, state === 'open' ? session : undefined)
    let ofBoot = this.#standings.get(boot)
    if (!ofBoot) this.#standings.set(boot, ofBoot = new Map())
    ofBoot.set(allocation, { session, state })
  }

  /** These are all sessions there are: what else was saved is forgotten. */
  replaceAll (sessions: ReadonlyMap<string, FoldedSession>): void {
    this.#sessions = new Map(sessions)
    this.#replaceAll = true
  }

  /**
   * All of it, numbered, as one change to save; undefined where there is nothing. With `endingsOnly` the rows of open
   * sessions stay for later: a later one says it all again.
   */
  take (cursor: AgentCursor, endingsOnly: boolean): AgentChange | undefined {
    const drifted = Math.abs(cursor.position.offset - this.#savedOffset) > POSITION_DRIFT_BYTES
    const rows = this.#takeRows(endingsOnly)
    if (this.#sessions.size === 0 && rows.length === 0 && !this.#replaceAll && !drifted) return undefined
    const batches: OutboxBatch[] = []
    for (let start = 0; start < rows.length; start += ROWS_A_BATCH) {
      const after = cursor.sequence
      cursor.sequence = this.#nextSequence(after)
      const batch: UsageBatch = { region: this.#region, rows: rows.slice(start, start + ROWS_A_BATCH) }
      batches.push({ sequence: cursor.sequence, after, batch: JSON.stringify(batch) })
    }
    const change = { cursor: { ...cursor }, sessions: this.#sessions, replaceAll: this.#replaceAll, batches }
    this.#sessions = new Map()
    this.#replaceAll = false
    this.#savedOffset = cursor.position.offset
    return change
  }

  #takeRows (endingsOnly: boolean): UsageRow[] {
    const taken: UsageRow[] = []
    for (const [boot, ofBoot] of this.#standings) {
      for (const [allocation, { session: { deletedAtMs: _, ...session }, state }] of ofBoot) {
        if (endingsOnly && state === 'open') continue
        taken.push({ ...session, boot, allocation, state })
        ofBoot.delete(allocation)
      }
      if (ofBoot.size === 0) this.#standings.delete(boot)
    }
    return taken
  }

  /**
   * Grows by one, but with the first of a life it jumps to the clock, in microseconds: a node's Redis that came back
   * without its last moments has forgotten numbers that the ledger has seen, and none may ever come twice.
   */
  #nextSequence (last: number): number {
    const jump = this.#firstOfLife ? this.#now() * 1_000 : 0
    this.#firstOfLife = false
    return Math.max(last + 1, jump)
  }
}
