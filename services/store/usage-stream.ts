import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** One batch as it lies in a node's stream. The node is the stream's, whatever the batch may say. */
export interface DeliveredBatch {
  node: string
  id: string
  log: string
  sequence: number
  batch: string
}

/**
 * Appends batches of consecutive sequence numbers. Atomic, and safe to repeat.
 * @returns the last sequence number of this log that the centre holds; below `firstSequence - 1` it took nothing and
 * wants the batches from there on
 */
export async function shipUsage (redis: Redis, node: string, log: string, firstSequence: number, oldestKept: number, batches: readonly string[]): Promise<number> {
  return await redis.shipUsage(centralKeys.usage(node), centralKeys.applied(node), log, firstSequence, oldestKept, ...batches)
}

/** How far the ledger has applied this log; 0 where it has not begun. */
export async function readApplied (redis: Redis, node: string, log: string): Promise<number> {
  const [appliedLog, sequence] = await redis.hmget(centralKeys.applied(node), 'log', 'sequence')
  return appliedLog === log ? Number(sequence) : 0
}

/** Waits up to `blockMs` for batches of any of the nodes; the oldest of each come first, until they are applied. */
export async function readUsage (redis: Redis, nodes: readonly string[], count: number, blockMs: number): Promise<DeliveredBatch[]> {
  const streams = nodes.map(centralKeys.usage)
  const answer = await redis.xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...streams, ...nodes.map(() => '0'))
  const batches: DeliveredBatch[] = []
  for (const [stream, entries] of answer ?? []) {
    const node = nodes[streams.indexOf(stream)]
    if (node === undefined) continue
    for (const [id, fields] of entries) {
      batches.push({ node, id, log: fields[1] ?? '', sequence: Number(fields[3]), batch: fields[5] ?? '' })
    }
  }
  return batches
}

/** How many batches of a node wait to be applied. */
export const countUnapplied = (redis: Redis, node: string): Promise<number> => redis.xlen(centralKeys.usage(node))
