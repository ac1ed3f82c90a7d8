import type { Redis } from '../store/connect.ts'
import { oldestInOutbox, readOutbox, trimOutbox } from '../store/agent-state.ts'
import { readApplied, shipUsage } from '../store/usage-stream.ts'

/**
 * What the ledger has applied stays in the outbox a while longer: a central Redis that comes back without its last
 * seconds (power loss with appendfsync everysec, a failover) forgets rows and watermark together and is sent them again.
 */
const KEEP_APPLIED_MS = 60_000
const BATCHES_A_SHIPMENT = 50

/** ship: outbox -> `usage:<node>`, until the ledger has applied it. */
export function createShipper ({ nodeRedis, central, node, now }: { nodeRedis: Redis, central: Redis, node: string, now: () => number }) {
  /** the last sequence the centre is known to hold, of `log` */
  let log: string | undefined
  let held = 0
  let marks: Array<{ atMs: number, applied: number }> = []

  return {
    /** Ships all there is. Returns how many batches the ledger has still to apply. */
    async ship (currentLog: string, lastSequence: () => number): Promise<number> {
      if (log !== currentLog) {
        log = currentLog
        held = 0
        marks = []
      }
      const applied = await readApplied(central, node, log)
      if (applied > (marks.at(-1)?.applied ?? 0)) marks.push({ atMs: now(), applied })
      const old = marks.findLast(({ atMs }) => now() - atMs > KEEP_APPLIED_MS)
      if (old && old.applied <= applied) {
        await trimOutbox(nodeRedis, old.applied)
        marks = marks.filter(({ applied }) => applied > old.applied)
      }
      // a watermark that went back: the centre lost its last moments and must be sent them again
      if (marks.some(mark => mark.applied > applied)) {
        marks = marks.filter(mark => mark.applied <= applied)
        held = applied
      }
      held = Math.max(held, applied)
      for (;;) {
        const oldest = await oldestInOutbox(nodeRedis)
        const waiting = await readOutbox(nodeRedis, held, BATCHES_A_SHIPMENT)
        // with nothing new but not all applied, the centre is asked still: it may have lost what it held
        if (oldest === undefined || (waiting.length === 0 && held === applied)) break
        const first = waiting[0]?.sequence ?? held + 1
        const batches = waiting.filter(({ sequence }, index) => sequence === first + index).map(({ batch }) => batch)
        let last = await shipUsage(central, node, log, first, oldest, batches)
        // it waits for batches that are missing here too: a node's Redis that lost its last moments has a hole within
        if (last === held && first > held + 1) last = await shipUsage(central, node, log, first, first, batches)
        const stuck = last === held
        held = last
        if (stuck) break
      }
      return Math.max(0, lastSequence() - applied)
    }
  }
}
