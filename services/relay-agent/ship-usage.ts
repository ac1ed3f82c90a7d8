import type { UsageBatch } from '../domain/session.ts'
import type { Redis } from '../store/connect.ts'
import { countOutbox, readOutbox, trimOutbox } from '../store/agent-state.ts'
import { readApplied, shipUsage } from '../store/usage-stream.ts'

/**
 * What the ledger has applied stays in the outbox a while longer: a central Redis that comes back without its last
 * seconds (power loss with appendfsync everysec, a failover) forgets rows and watermark together and is sent them again.
 */
const KEEP_APPLIED_MS = 60_000
const BATCHES_A_SHIPMENT = 50

/** What of the outbox is not applied, and when the first of that was made (ms); undefined: there is none, or its time is not known. */
export interface Outbox { pending: number, oldestAtMs: number | undefined }

/** ship: outbox -> `usage:<node>`, until the ledger has applied it. */
export function createShipper ({ nodeRedis, central, node, now }: { nodeRedis: Redis, central: Redis, node: string, now: () => number }) {
  let log: string | undefined
  /** the last sequence the centre is known to hold, of `log` */
  let held = 0
  let marks: Array<{ atMs: number, applied: number }> = []
  /** as last read at the centre, of `log` */
  let applied = 0
  let oldest: { behind: number, atMs: number } | undefined

  /** Applied batches leave the outbox a minute after they were seen applied. */
  async function forget (): Promise<void> {
    // a watermark that went back: the centre lost its last moments
    marks = marks.filter(mark => mark.applied <= applied)
    if (applied > (marks.at(-1)?.applied ?? 0)) marks.push({ atMs: now(), applied })
    const old = marks.findLast(({ atMs }) => now() - atMs > KEEP_APPLIED_MS)
    if (!old) return
    await trimOutbox(nodeRedis, old.applied)
    marks = marks.filter(mark => mark.applied > old.applied)
  }

  /** When the first batch that is not applied was made; its place in the outbox says nothing of time, so it is read, once. Undefined while it is not known. */
  async function findOldest (): Promise<number | undefined> {
    if (oldest?.behind === applied) return oldest.atMs
    const behind = applied
    const [first] = await readOutbox(nodeRedis, behind, 1)
    const atMs = first && madeAt(first.batch)
    oldest = atMs === undefined ? undefined : { behind, atMs }
    return atMs
  }

  return {
    /** Ships all there is. */
    async ship (currentLog: string): Promise<void> {
      if (log !== currentLog) {
        log = currentLog
        held = 0
        applied = 0
        marks = []
        oldest = undefined
      }
      applied = await readApplied(central, node, log)
      await forget()
      for (;;) {
        const waiting = await readOutbox(nodeRedis, held, BATCHES_A_SHIPMENT)
        const [first] = waiting
        // with nothing new but not all applied, the centre is asked still: it may have lost what it held
        if (!first && held === applied) break
        let last = await shipUsage(central, node, log, waiting)
        // it waits for a batch that is missing here too: a node's Redis that lost its last moments has a hole
        if (last === held && first && first.after > held) last = await shipUsage(central, node, log, waiting, true)
        const stuck = last === held
        held = last
        if (stuck) break
      }
    },

    /** What the ledger has still to apply, by what the centre said last, so it can be told while that is away. */
    async waiting (lastSequence: number): Promise<Outbox> {
      // numbers jump when an agent starts, so their difference may be larger than what there is
      const pending = Math.max(0, Math.min(lastSequence - applied, await countOutbox(nodeRedis)))
      return { pending, oldestAtMs: pending > 0 ? await findOldest() : undefined }
    }
  }
}

/** The time of the newest row of a batch. */
function madeAt (json: string): number | undefined {
  const { rows } = JSON.parse(json) as UsageBatch
  return rows.length > 0 ? Math.max(...rows.map(({ atMs }) => atMs)) : undefined
}
