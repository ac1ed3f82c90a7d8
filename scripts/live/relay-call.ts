import { setTimeout as delay } from 'node:timers/promises'
import { noTraffic } from '../../services/domain/session.ts'
import type { Traffic } from '../../services/domain/session.ts'
import { userTagOf } from '../../services/domain/turn-credential.ts'
import type { TransportAddress } from '../../services/turn/stun-values.ts'
import type { TurnClient } from '../../services/turn/turn-client.ts'
import { TurnError } from '../../services/turn/turn-errors.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { until } from '../until.ts'
import { connectClient } from './connect-client.ts'

/** Nothing heard for so long, of a call that sends all the time: its relay is gone. Real clients give up after about five. */
const SILENT_MS = 4_000
/** A relay that has just started, or has heard of a new one, learns whom of the fleet it may relay to within five seconds. */
const ALLOWED_MS = 10_000
const AGAIN_MS = 1_000
/** Forbidden (RFC 8656 section 19). */
const FORBIDDEN = 403
/** What is on its way as a call ends has arrived by then, or never will. */
const SETTLE_MS = 1_000
/** A late timer is made up for with so many packets, not with all it missed: a burst would overflow a socket. */
const MOST_PACKETS_AT_ONCE = 16

/** Of one session, as its client counted it: what the ledger must say of it in the end. */
export interface SessionCount extends Traffic {
  /** by which the ledger lists it */
  userTag: string
  /** false: its relay died under it, and with it what coturn had not reported yet */
  ended: boolean
}

interface Side {
  client: TurnClient
  entry: IceServer
  channel: number
  sentPackets: number
  arrivedPackets: number
  /** what had been sent when something was last heard: of the rest nobody knows whether there was a relay to take it */
  sentAtLast: Pick<Traffic, 'packetsIn' | 'bytesIn'>
}

export interface CallRate { bitsPerSecond: number, payloadBytes: number }

/** Two clients that talk to each other through their relayed addresses, both ways, evenly. */
export class RelayCall {
  readonly #sides: Side[]
  readonly #packetsAMs: number
  readonly #payload: Buffer
  #due = 0
  #heardAtMs = performance.now()

  private constructor (sides: Side[], { bitsPerSecond, payloadBytes }: CallRate) {
    this.#sides = sides
    this.#payload = Buffer.alloc(payloadBytes, 'spillway')
    this.#packetsAMs = bitsPerSecond / 8 / payloadBytes / 1000
    for (const side of sides) {
      side.client.on('data', () => {
        side.arrivedPackets += 1
        side.sentAtLast = { packetsIn: side.client.traffic.sentPackets, bytesIn: side.client.traffic.sentBytes }
        this.#heardAtMs = performance.now()
      })
    }
  }

  /**
   * Allocates at the first relay of each reply, and binds channels. Rejects with TurnError or TurnFailure where that cannot
   * be; `count` then has what passed all the same.
   */
  static async start (entries: readonly [IceServer, IceServer], rate: CallRate, count: (session: SessionCount) => void): Promise<RelayCall> {
    const clients: TurnClient[] = []
    try {
      for (const entry of entries) clients.push(await connectClient(entry))
      const [a, b] = clients as [TurnClient, TurnClient]
      const [atA, atB] = [await a.allocate(), await b.allocate()]
      const channels = [await bindWhenAllowed(a, atB.relayedAddress), await bindWhenAllowed(b, atA.relayedAddress)]
      return new RelayCall(clients.map((client, index) => ({ client, entry: entries[index] as IceServer, channel: channels[index] as number, sentPackets: 0, arrivedPackets: 0, sentAtLast: trafficOf(client) })), rate)
    } catch (error) {
      for (const [index, client] of clients.entries()) await endSession(client, entries[index] as IceServer, count)
      throw error
    }
  }

  /** The address of the relay its first client is at. */
  get relay (): string { return parseTurnUrl([this.#sides[0]?.entry.urls].flat()[0] ?? '')?.host ?? '' }

  get isSilent (): boolean { return performance.now() - this.#heardAtMs > SILENT_MS }

  /** Sends what has come due in so many ms, from both sides. */
  send (elapsedMs: number): void {
    this.#due = Math.min(this.#due + elapsedMs * this.#packetsAMs, MOST_PACKETS_AT_ONCE)
    for (; this.#due >= 1; this.#due -= 1) {
      for (const side of this.#sides) {
        side.client.sendChannelData(side.channel, this.#payload)
        side.sentPackets += 1
      }
    }
  }

  /** Hangs up: what is on its way arrives, then both allocations are given back. */
  async end (count: (session: SessionCount) => void): Promise<void> {
    const [a, b] = this.#sides as [Side, Side]
    await until('all has arrived', () => a.arrivedPackets >= b.sentPackets && b.arrivedPackets >= a.sentPackets, SETTLE_MS).catch(() => {})
    await Promise.all(this.#sides.map(async ({ client, entry }) => { await endSession(client, entry, count) }))
  }

  /**
   * A relay is gone, of one side or of both: of what was sent there since it was last heard nobody knows whether it was
   * taken. A side whose relay still answers hangs up as usual.
   */
  async abandon (count: (session: SessionCount) => void): Promise<void> {
    await Promise.all(this.#sides.map(async ({ client, entry, sentAtLast }) => {
      await endSession(client, entry, (session) => { count(session.ended ? session : { ...session, ...sentAtLast }) })
    }))
  }
}

/** As ICE tries again while a candidate pair does not work. */
async function bindWhenAllowed (client: TurnClient, peer: TransportAddress): Promise<number> {
  const deadlineMs = performance.now() + ALLOWED_MS
  for (;;) {
    try {
      return await client.bindChannel('auto', peer)
    } catch (error) {
      if (!(error instanceof TurnError) || error.code !== FORBIDDEN || performance.now() > deadlineMs) throw error
      await delay(AGAIN_MS)
    }
  }
}

/** A client that was granted nothing has no session anybody could have counted. */
async function endSession (client: TurnClient, entry: IceServer, count: (session: SessionCount) => void): Promise<void> {
  let ended = client.allocation !== undefined
  const counts = ended
  if (ended) await client.release().catch(() => { ended = false })
  await client.close()
  if (counts) count(countOf(client, entry, ended))
}

const countOf = (client: TurnClient, { username = '' }: IceServer, ended: boolean): SessionCount => ({ userTag: userTagOf(username) ?? '', ended, ...trafficOf(client) })

const trafficOf = ({ traffic }: TurnClient): Traffic =>
  ({ packetsIn: traffic.sentPackets, bytesIn: traffic.sentBytes, packetsOut: traffic.receivedPackets, bytesOut: traffic.receivedBytes })

export function addTraffic (...parts: readonly Traffic[]): Traffic {
  const sum = noTraffic()
  for (const part of parts) for (const field of Object.keys(sum) as Array<keyof Traffic>) sum[field] += part[field]
  return sum
}
