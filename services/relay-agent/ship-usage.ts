import type { Redis } from '../store/connect.ts'
import { countOutbox, readOutbox, trimOutbox } from '../store/agent-state.ts'
import { readApplied, shipUsage } from '../store/usage-stream.ts'

/**
 * What the ledger has applied stays in the outbox a while longer: a central Redis that comes back without its last
 * seconds (power loss with appendfsync everysec, a failover) forgets rows and watermark together and is sent them again.
 */
const KEEP_APPLIED_MS = 60_000
const BATCHES_A_SHIPMENT = 50

/** ship: outbox -> `usage:<node>`, until the ledger has applied it. */
export function createShipper ({ nodeRedis, central, node, now }: { nodeRedis: Redis, central: Redis, node: string, now: () => number }) {
  let log: string | undefined
  /** the last sequence the centre is known to hold, of `log` */
  let held = 0
  let marks: Array<{ atMs: number, applied: number }> = []

  /** Applied batches leave the outbox a minute after they were seen applied. */
  async function forget (applied: number): Promise<void> {
    // a watermark that went back: the centre lost its last moments
    marks = marks.filter(mark => mark.applied <= applied)
    if (applied > (marks.at(-1)?.applied ?? 0)) marks.push({ atMs: now(), applied })
    const old = marks.findLast(({ atMs }) => now() - atMs > KEEP_APPLIED_MS)
    if (!old) return
    await trimOutbox(nodeRedis, old.applied)
    marks = marks.filter(mark => mark.applied > old.applied)
  }

  return {
    /** Ships all there is. Returns how many batches the ledger has still to apply. */
    async ship (currentLog: string, lastSequence: () => number): Promise<number> {
      if (log !== currentLog) {
        log = currentLog
        held = 0
        marks = []
      }
      const applied = await readApplied(central, node, log)
      await forget(applied)
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
      // numbers jump when an agent starts, so their difference may be larger than what there is
      return Math.max(0, Math.min(lastSequence() - applied, await countOutbox(nodeRedis)))
    }
  }
}
