import { setTimeout as delay } from 'node:timers/promises'
import type { Allocation } from './allocation.ts'
import type { DataSource, TurnClient } from './turn-client.ts'

/** Packets on their way per direction: enough to keep the relay busy, few enough for a default socket buffer. */
const BATCH_PACKETS = 16
/** After this long a packet of the batch is taken for lost, and the next batch goes out. */
const BATCH_WAIT_MS = 100
/** The last wait, for stragglers. */
const FINAL_WAIT_MS = 1000

export interface ExchangeOptions {
  a: TurnClient
  b: TurnClient
  /** Per direction. */
  packets: number
  payloadBytes: number
  lifetimeSeconds?: number | undefined
  /** Ends the sending early; what is on its way may still arrive. */
  signal?: AbortSignal | undefined
}

/** Payload only, both directions together. */
export interface ExchangeResult { sentPackets: number, sentBytes: number, arrivedPackets: number, arrivedBytes: number }

interface Direction {
  sentPackets: number
  arrivedPackets: number
  arrivedBytes: number
  send: (packets: number) => void
  /** Resolves when all that was sent has arrived, or after `waitMs`. */
  settle: (waitMs: number) => Promise<void>
  stop: () => void
}

function openDirection (from: TurnClient, fromChannel: number, to: TurnClient, toChannel: number, payload: Buffer): Direction {
  let onArrival = (): void => {}
  const onData = (data: Buffer, source: DataSource): void => {
    if (source !== toChannel) return
    direction.arrivedPackets += 1
    direction.arrivedBytes += data.length
    onArrival()
  }
  const direction: Direction = {
    sentPackets: 0,
    arrivedPackets: 0,
    arrivedBytes: 0,
    send: (packets) => {
      for (let sent = 0; sent < packets; sent++) from.sendChannelData(fromChannel, payload)
      direction.sentPackets += packets
    },
    settle: async (waitMs) => {
      const enough = new AbortController()
      onArrival = () => { if (direction.arrivedPackets >= direction.sentPackets) enough.abort() }
      onArrival()
      await delay(waitMs, undefined, { signal: enough.signal }).catch(() => {})
      onArrival = () => {}
    },
    stop: () => { to.off('data', onData) }
  }
  to.on('data', onData)
  return direction
}

async function run (direction: Direction, packets: number, signal: AbortSignal | undefined): Promise<void> {
  while (direction.sentPackets < packets && signal?.aborted !== true) {
    direction.send(Math.min(BATCH_PACKETS, packets - direction.sentPackets))
    await direction.settle(BATCH_WAIT_MS)
  }
  await direction.settle(FINAL_WAIT_MS)
  direction.stop()
}

async function allocationOf (client: TurnClient, lifetimeSeconds: number | undefined): Promise<Allocation> {
  return client.allocation ?? await client.allocate({ lifetimeSeconds })
}

/** Both, and neither still at work when one has failed: the caller could not release an allocation that comes later. */
async function both<Result> (one: Promise<Result>, other: Promise<Result>): Promise<[Result, Result]> {
  await Promise.allSettled([one, other])
  return await Promise.all([one, other])
}

/**
 * Two clients talk to each other through their relayed addresses, both ways at once: each gets an allocation (unless it
 * has one), a permission and a channel for the other, then sends its packets, batch by batch. Lost packets cost time,
 * not the run. Rejects with TurnError or TurnFailure if the way cannot be set up. The allocations stay.
 */
export async function exchange (options: ExchangeOptions): Promise<ExchangeResult> {
  const { a, b, packets, payloadBytes, lifetimeSeconds, signal } = options
  const [atA, atB] = await both(allocationOf(a, lifetimeSeconds), allocationOf(b, lifetimeSeconds))
  await both(a.createPermission(atB.relayedAddress.address), b.createPermission(atA.relayedAddress.address))
  const [aChannel, bChannel] = await both(a.bindChannel('auto', atB.relayedAddress), b.bindChannel('auto', atA.relayedAddress))
  const payload = Buffer.alloc(payloadBytes, 'spillway')
  const directions = [openDirection(a, aChannel, b, bChannel, payload), openDirection(b, bChannel, a, aChannel, payload)]
  await Promise.all(directions.map(async (direction) => { await run(direction, packets, signal) }))
  const sum = (count: (direction: Direction) => number): number => directions.reduce((total, direction) => total + count(direction), 0)
  const sentPackets = sum((direction) => direction.sentPackets)
  return {
    sentPackets,
    sentBytes: sentPackets * payloadBytes,
    arrivedPackets: sum((direction) => direction.arrivedPackets),
    arrivedBytes: sum((direction) => direction.arrivedBytes)
  }
}
