import type { KeyRing } from '../domain/key-ring.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Redis } from '../store/connect.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'
import { listNodeIds } from '../store/nodes.ts'
import { applyUsage } from '../store/usage-ledger.ts'
import { readUsage } from '../store/usage-stream.ts'
import type { DeliveredBatch } from '../store/usage-stream.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'
import { readBatch } from './read-batch.ts'
import type { ReadBatch } from './read-batch.ts'
import type { PriceList } from './price-list.ts'

const BATCHES_A_READ = 50
/** Also how soon a newly registered node is heard. */
export const READ_BLOCK_MS = 1_000

export interface ApplierOptions {
  redis: Redis
  /** a connection of its own: it waits in XREAD BLOCK */
  waiting: Redis
  keyRing: Pick<KeyRingKeeper, 'refresh'>
  /** which apps have their users counted */
  meteredApps: () => Promise<(app: string) => boolean>
  prices: PriceList
  metrics: LedgerMetrics
  logger: Logger
  now: () => number
  /** see tellUnreadable */
  onUnreadable?: (nodes: string[]) => void
}

/** Says once of each node that its usage cannot be read. */
export function tellUnreadable (logger: Logger): (nodes: string[]) => void {
  const told = new Set<string>()
  return nodes => {
    for (const node of nodes.filter(node => !told.has(node))) {
      told.add(node)
      logger.error({ node }, 'usage:<node> is no stream: nothing is booked of this node until the key is deleted')
    }
  }
}

/** apply: waits for batches and books them. Several ledgers may do so at once; each batch counts in one of them. */
export async function applyNextUsage (options: ApplierOptions): Promise<void> {
  const nodes = await listNodeIds(options.redis)
  if (nodes.length === 0) return
  let failure: Error | undefined
  const failed = new Set<string>()
  // nothing is booked under a price nobody could look up later
  await options.prices.ensurePublished()
  const batches = await readUsage(options.waiting, nodes, BATCHES_A_READ, READ_BLOCK_MS, options.onUnreadable)
  // behind the batches: a name is minted only under a key that lies in the ring, so the one that proves it is there now
  const [{ nameKeys }, countsUsers] = await Promise.all([options.keyRing.refresh(), options.meteredApps()])
  for (const delivered of batches) {
    // the batches of one node in their order; one that fails does not hold up the other nodes
    if (failed.has(delivered.node)) continue
    try {
      await applyOne(options, { nameKeys, countsUsers }, delivered)
    } catch (error) {
      failed.add(delivered.node)
      failure = error as Error
    }
  }
  if (failure) throw failure
}

async function applyOne ({ redis, prices, metrics, logger, now }: ApplierOptions, { nameKeys, countsUsers }: { nameKeys: KeyRing['nameKeys'], countsUsers: (app: string) => boolean }, delivered: DeliveredBatch): Promise<void> {
  const { node, log, sequence } = delivered
  let batch: ReadBatch = { rows: [], forged: 0 }
  let valid = true
  try {
    batch = readBatch(delivered.batch, nameKeys, prices.versionOf, now())
  } catch (error) {
    valid = false
    logger.error({ node, log, sequence, reason: (error as Error).message }, 'dropped a usage batch that cannot be read')
  }
  const { outcome, changes } = await applyUsage(redis, delivered, batch.rows, countsUsers)
  metrics.batches.inc({ outcome: valid ? outcome : 'invalid' })
  if (outcome === 'duplicate') return
  metrics.countBooked(changes)
  if (outcome === 'gap') {
    metrics.gaps.inc({ node })
    logger.warn({ node, log, sequence }, 'usage batches before this one are missing; cumulative counters make up for open sessions')
  }
  if (batch.forged > 0) {
    metrics.forged.inc({ node }, batch.forged)
    logger.warn({ node, rows: batch.forged }, 'dropped usage under names that were not minted here')
  }
}
