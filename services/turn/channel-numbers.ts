import type { TransportAddress } from './stun-values.ts'

const FIRST_CHANNEL = 0x4000
/** Newer servers refuse the upper part of RFC 5766's range (RFC 8656 section 12). */
const LAST_CHANNEL = 0x4fff

/** Which channel of an allocation is bound to which peer. */
export class ChannelNumbers {
  readonly #byPeer = new Map<string, number>()

  /** 'auto' takes the peer's channel or else the next free one. Throws RangeError when all are taken. */
  take (channel: number | 'auto', peer: TransportAddress): number {
    const key = `${peer.address} ${peer.port}`
    const number = channel === 'auto' ? this.#byPeer.get(key) ?? this.#free() : channel
    this.#byPeer.set(key, number)
    return number
  }

  clear (): void { this.#byPeer.clear() }

  #free (): number {
    const taken = new Set(this.#byPeer.values())
    for (let number = FIRST_CHANNEL; number <= LAST_CHANNEL; number++) {
      if (!taken.has(number)) return number
    }
    throw new RangeError('all channel numbers are bound')
  }
}
