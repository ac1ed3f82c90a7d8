import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { TransportAddress } from '../services/turn/stun-values.ts'

/** A UDP peer that sends every datagram back to where it came from, and counts payload bytes. */
export class EchoPeer {
  readonly #socket: Socket
  packets = 0
  bytes = 0

  private constructor (socket: Socket) {
    this.#socket = socket
    socket.on('message', (payload, sender) => {
      this.packets += 1
      this.bytes += payload.length
      socket.send(payload, sender.port, sender.address)
    })
    // An ICMP error means that a sender is gone, which is no business of the echo.
    socket.on('error', () => {})
  }

  /** Listens on `address`; port 0 takes any free one. Rejects if the address cannot be bound. */
  static async listen ({ address = '127.0.0.2', port = 0 }: { address?: string, port?: number } = {}): Promise<EchoPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    socket.bind(port, address)
    await once(socket, 'listening')
    return new EchoPeer(socket)
  }

  get address (): TransportAddress {
    const { address, port } = this.#socket.address()
    return { address, port }
  }

  async close (): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }
}
