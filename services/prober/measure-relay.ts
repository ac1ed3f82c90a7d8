import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { TransportAddress } from '../turn/stun-values.ts'
import type { TurnClient } from '../turn/turn-client.ts'

/** Enough to tell a lossy way from chance, few enough to cost a node nothing. */
const PACKETS = 10
/** A voice packet's size, about. */
const PAYLOAD_BYTES = 100
/** One behind the other as media are, not in a burst that a small queue would drop. */
const GAP_MS = 5
/** By which packets of this probe are known: anyone at the peer's address may send into an allocation. */
const TAG_BYTES = 16

/** One end of the way: a client that holds an allocation at `relayed`, with a permission for the other end's. */
export interface RelayEnd { client: TurnClient, relayed: TransportAddress }

export interface RelayMeasure {
  sent: number
  /** of those that came back, in ms: through both allocations and back */
  roundTripsMs: number[]
  /** one of the connections ended before all were back */
  closed: boolean
}

/**
 * Sends a few packets from one allocation to the other and has them sent back. Resolves when all are back, when a
 * connection ends or when the signal aborts; what is not back by then is lost. Never rejects.
 */
export async function measureRelay (near: RelayEnd, far: RelayEnd, signal: AbortSignal, now: () => number): Promise<RelayMeasure> {
  const tag = randomBytes(TAG_BYTES)
  const isOurs = (payload: Buffer): boolean => payload.length === PAYLOAD_BYTES && payload.subarray(0, TAG_BYTES).equals(tag)
  const sentAt: number[] = []
  const roundTrips = new Map<number, number>()
  const done = new AbortController()
  let closed = false
  const onClose = (): void => {
    closed = true
    done.abort()
  }
  const echo = (payload: Buffer): void => { if (isOurs(payload)) far.client.sendIndication(near.relayed, payload) }
  const count = (payload: Buffer): void => {
    if (!isOurs(payload)) return
    const number = payload.readUInt8(TAG_BYTES)
    const sent = sentAt[number]
    if (sent === undefined || roundTrips.has(number)) return
    roundTrips.set(number, now() - sent)
    if (roundTrips.size === PACKETS) done.abort()
  }
  far.client.on('data', echo)
  near.client.on('data', count)
  for (const { client } of [near, far]) client.once('close', onClose)

  const over = AbortSignal.any([signal, done.signal])
  for (let number = 0; number < PACKETS && !over.aborted; number++) {
    const payload = Buffer.alloc(PAYLOAD_BYTES)
    tag.copy(payload)
    payload.writeUInt8(number, TAG_BYTES)
    sentAt.push(now())
    near.client.sendIndication(far.relayed, payload)
    await delay(GAP_MS, undefined, { signal: over }).catch(() => {})
  }
  if (!over.aborted) await new Promise<void>((resolve) => { over.addEventListener('abort', () => { resolve() }, { once: true }) })

  far.client.off('data', echo)
  near.client.off('data', count)
  for (const { client } of [near, far]) client.off('close', onClose)
  return { sent: sentAt.length, roundTripsMs: [...roundTrips.values()], closed }
}
