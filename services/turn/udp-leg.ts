import { createSocket } from 'node:dgram'
import type { LookupAddress } from 'node:dns'
import { failureOf } from './turn-errors.ts'
import { countReceived, countSent, noTraffic, type Leg, type LegListener } from './turn-leg.ts'

/** Room for a burst while the event loop is busy; the kernel may grant less. A packet lost here would be one coturn has counted. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** A connected UDP socket: each datagram is one message, and the kernel drops those of strangers. Rejects with TurnFailure of 'connect'. */
export async function openUdpLeg ({ address, family }: LookupAddress, port: number, localAddress: string | undefined): Promise<Leg> {
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
  const traffic = noTraffic()
  const closed = new Promise<void>((resolve) => { socket.once('close', resolve) })
  let open = true
  let lastError: Error | undefined
  const close = (): Promise<void> => {
    if (open) socket.close()
    open = false
    return closed
  }
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, localAddress, () => {
        socket.connect(port, address, (error?: Error) => { if (error) reject(error); else resolve() })
      })
    })
  } catch (error) {
    await close()
    throw failureOf('connect', error as Error)
  }
  let onError = (_error: Error): void => {}
  const failed = (error: Error): void => {
    lastError = error
    onError(error)
  }
  socket.removeAllListeners('error')
  socket.on('error', failed)
  const listen = (listener: LegListener): void => {
    onError = listener.onError
    socket.on('message', (message) => {
      countReceived(traffic, message.length)
      listener.onMessage(message)
    })
    socket.once('close', listener.onClose)
  }
  const send = (message: Buffer, countedBytes = message.length): void => {
    if (!open) return
    countSent(traffic, countedBytes)
    socket.send(message, (error) => { if (error) failed(error) })
  }
  return { traffic, certificate: undefined, lastError: () => lastError, listen, send, close }
}
