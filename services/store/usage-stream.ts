import type { Redis } from './connect.ts'
import type { OutboxBatch } from './agent-state.ts'
import { centralKeys } from './keys.ts'

/** One batch as it lies in a node's stream. The node is the stream's, whatever the batch may say. */
export interface DeliveredBatch {
  node: string
  id: string
  log: string
  sequence: number
  /** the sequence of the batch before it */
  after: number
  batch: string
}

/**
 * Appends batches in their order. Atomic, and safe to repeat.
 * @param skipHole true: nothing before the first of them is kept any more, so it is not waited for
 * @returns the last sequence number of this log that the centre holds. Smaller than that of the last batch: it lacks
 * something before, or has no room; larger than was ever shipped: it knows batches the agent has forgotten
 */
export async function shipUsage (redis: Redis, node: string, log: string, batches: readonly OutboxBatch[], skipHole = false): Promise<number> {
  return await redis.shipUsage(centralKeys.usage(node), centralKeys.applied(node), log, skipHole ? 1 : 0,
    ...batches.flatMap(({ sequence, after, batch }) => [sequence, after, batch]))
}

/** How far the ledger has applied this log; 0 where it has not begun. */
export async function readApplied (redis: Redis, node: string, log: string): Promise<number> {
  const [appliedLog, sequence] = await redis.hmget(centralKeys.applied(node), 'log', 'sequence')
  return appliedLog === log ? Number(sequence) : 0
}

/** Those whose key holds something else than a stream: one of them fails an XREAD of all. */
async function findUnreadable (redis: Redis, nodes: readonly string[]): Promise<string[]> {
  const types = await Promise.all(nodes.map(async node => await redis.type(centralKeys.usage(node))))
  return nodes.filter((_, index) => types[index] !== 'stream' && types[index] !== 'none')
}

/**
 * Waits up to `blockMs` for batches of any of the nodes; the oldest of each come first, until they are applied.
 * @param onUnreadable called with the nodes whose key is no stream, which are left out; without any of the others there is no wait
 */
export async function readUsage (redis: Redis, nodes: readonly string[], count: number, blockMs: number, onUnreadable: (nodes: string[]) => void = () => {}): Promise<DeliveredBatch[]> {
  try {
    return await readStreams(redis, nodes, count, blockMs)
  } catch (error) {
    if (!(error as Error).message.startsWith('WRONGTYPE')) throw error
    const unreadable = await findUnreadable(redis, nodes)
    onUnreadable(unreadable)
    const others = nodes.filter(node => !unreadable.includes(node))
    return others.length === 0 ? [] : await readStreams(redis, others, count, blockMs)
  }
}

async function readStreams (redis: Redis, nodes: readonly string[], count: number, blockMs: number): Promise<DeliveredBatch[]> {
  const streams = nodes.map(centralKeys.usage)
  const answer = await redis.xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...streams, ...nodes.map(() => '0'))
  const batches: DeliveredBatch[] = []
  for (const [stream, entries] of answer ?? []) {
    const node = nodes[streams.indexOf(stream)]
    if (node === undefined) continue
    for (const [id, fields] of entries) {
      batches.push({ node, id, log: fields[1] ?? '', sequence: Number(fields[3]), after: Number(fields[5]), batch: fields[7] ?? '' })
    }
  }
  return batches
}

export interface WaitingUsage {
  node: string
  batches: number
  /** how long the first of them has lain at the centre; 0 where none waits */
  oldestMs: number
}

/** What waits to be applied of each of these nodes. */
export async function readWaiting (redis: Redis, nodes: readonly string[]): Promise<WaitingUsage[]> {
  if (nodes.length === 0) return []
  const answer = await redis.waitingUsage(nodes.length, ...nodes.map(centralKeys.usage))
  return nodes.map((node, index) => ({ node, batches: answer[index * 2] ?? 0, oldestMs: answer[index * 2 + 1] ?? 0 }))
}

/** How many batches of a node wait to be applied. */
export const countUnapplied = (redis: Redis, node: string): Promise<number> => redis.xlen(centralKeys.usage(node))
