import { Redis } from 'ioredis'
import type { Test } from 'tap'
import type { Stack } from './stack.ts'
import { sum, tagOf } from './counts.ts'
import type { Counts } from './counts.ts'

export interface Witness {
  /** user tag -> coturn's own totals of each of its sessions, on whichever node, in the order they ended */
  totals: ReadonlyMap<string, readonly Counts[]>
  /** node and allocation of every session of a user tag that has ended */
  ended: (tag: string) => ReadonlyArray<{ node: string, allocation: string }>
  /** the sum over all sessions of a user tag */
  sumOf: (tag: string) => Counts
  /** every channel on which coturn has said something */
  channels: ReadonlySet<string>
}

/** Hears what coturn itself says on the Redis of every node, beside the agents and independent of them. */
export async function listenToCoturn (t: Test, stack: Pick<Stack, 'nodes' | 'read'> & { ports: { redis: number } }): Promise<Witness> {
  const totals = new Map<string, Counts[]>()
  const ended = new Map<string, Array<{ node: string, allocation: string }>>()
  const channels = new Set<string>()

  for (let number = 1; number <= stack.nodes; number++) {
    const node = `node-${number}`
    const redis = new Redis({
      host: '127.0.0.1',
      port: stack.ports.redis + number,
      username: 'agent',
      password: await stack.read('nodes', node, 'agent-password')
    })
    redis.on('error', () => {})
    t.teardown(() => { redis.disconnect() })
    redis.on('pmessage', (_pattern: string, channel: string, message: string) => {
      channels.add(channel)
      const [, username, allocation = ''] = /\/user\/(.*)\/allocation\/(\d{18})\/total_traffic$/.exec(channel) ?? []
      const [, packetsIn, bytesIn, packetsOut, bytesOut] = /^rcvp=(\d+), rcvb=(\d+), sentp=(\d+), sentb=(\d+)$/.exec(message) ?? []
      if (username === undefined) return
      const tag = tagOf(username)
      totals.set(tag, [...totals.get(tag) ?? [], { packetsIn: Number(packetsIn), bytesIn: Number(bytesIn), packetsOut: Number(packetsOut), bytesOut: Number(bytesOut) }])
      ended.set(tag, [...ended.get(tag) ?? [], { node, allocation }])
    })
    await redis.psubscribe('turn/*')
  }
  return { totals, ended: tag => ended.get(tag) ?? [], sumOf: tag => sum(totals.get(tag) ?? []), channels }
}
