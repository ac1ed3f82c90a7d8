import { Redis } from 'ioredis'
import type { Test } from 'tap'
import type { Stack } from './stack.ts'
import { sum, tagOf } from './calls.ts'
import type { Counts } from './calls.ts'

/** Hears what coturn itself says on a node's Redis, beside the agent and independent of it. */
export async function listenToCoturn (t: Test, stack: Stack, node = 1) {
  const redis = new Redis({
    host: '127.0.0.1',
    port: stack.ports.redis + node,
    username: 'agent',
    password: await stack.read('nodes', `node-${node}`, 'agent-password')
  })
  redis.on('error', () => {})
  t.teardown(() => { redis.disconnect() })
  const totals = new Map<string, Counts>()
  const sums = new Map<string, Counts>()
  redis.on('pmessage', (_pattern: string, channel: string, message: string) => {
    const [, username] = /\/user\/(.*)\/allocation\/\d{18}\/total_traffic$/.exec(channel) ?? []
    const [, packetsIn, bytesIn, packetsOut, bytesOut] = /^rcvp=(\d+), rcvb=(\d+), sentp=(\d+), sentb=(\d+)$/.exec(message) ?? []
    if (username === undefined) return
    const total = { packetsIn: Number(packetsIn), bytesIn: Number(bytesIn), packetsOut: Number(packetsOut), bytesOut: Number(bytesOut) }
    const tag = tagOf(username)
    totals.set(tag, total)
    sums.set(tag, sum([...sums.has(tag) ? [sums.get(tag) as Counts] : [], total]))
  })
  await redis.psubscribe('turn/*')
  return {
    redis,
    /** user tag -> coturn's own total of its last session */
    totals,
    /** user tag -> the sum over all its sessions */
    sums
  }
}
