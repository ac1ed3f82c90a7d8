import { setTimeout as delay } from 'node:timers/promises'
import { connectClient, countsOf } from './calls.ts'
import type { Transport } from './calls.ts'
import { sum } from './counts.ts'
import type { Counts } from './counts.ts'
import type { Stack } from './stack.ts'

export interface AllocationLoad {
  /** allocations made so far */
  readonly allocations: number
  /** what went wrong, in words */
  readonly failures: readonly string[]
  /** what all clients together relayed, as they counted it */
  readonly counts: Counts
  /** resolves when every client has ended its last allocation */
  stop: () => Promise<void>
}

/** How long a client waits that was not answered at all: its control plane is being restarted. */
const NOBODY_THERE_MS = 50

/** One client a transport: each gets a fresh credential, allocates, gives back and begins again, as fast as it can. */
export function startAllocationLoad (stack: Stack, key: string, transports: readonly Transport[]): AllocationLoad {
  const failures: string[] = []
  const counted: Counts[] = []
  const stopping = new AbortController()

  async function allocateOnce (transport: Transport): Promise<void> {
    // not by the stack's own issue, which would keep every one of thousands of passwords to look for in the logs
    const response = await fetch(`${stack.api}/v1/credentials`, { method: 'POST', headers: { authorization: `Bearer ${key}` } }).catch(() => undefined)
    if (!response) return await delay(NOBODY_THERE_MS)
    const { provider, username, password, uris } = await response.json() as any
    if (provider !== 'coturn') throw new Error(`a credential of ${String(provider)}, ${response.status}`)
    const client = await connectClient({ urls: uris, username, credential: password }, transport)
    try {
      await client.allocate()
      await client.release()
      counted.push(countsOf({ client }))
    } finally {
      await client.close()
    }
  }

  const done = Promise.all(transports.map(async transport => {
    while (!stopping.signal.aborted) await allocateOnce(transport).catch((error: Error) => { failures.push(`${new Date().toISOString()} ${transport}: ${error.message}`) })
  }))
  const stop = async () => {
    stopping.abort()
    await done
  }
  stack.closers.push(stop)
  return { get allocations () { return counted.length }, failures, get counts () { return sum(counted) }, stop }
}
