import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { connect as connectTcp } from 'node:net'
import { streamMessageLength } from './stun-values.ts'

/**
 * What passed between a client and its relay, counted as coturn counts its client leg: every STUN message and every
 * ChannelData message is one packet, and its bytes are the message, without IP, UDP or TCP headers. The directions are
 * the client's: coturn's `rcvp`/`rcvb` are `sentPackets`/`sentBytes` here, its `sentp`/`sentb` the received ones.
 *
 * The 0 to 3 bytes that pad ChannelData over TCP are counted one way only: coturn (seen with 4.6.1) leaves them out of
 * what it receives and includes them in what it sends, so `sentBytes` is without and `receivedBytes` with them.
 *
 * What the relay sent but the kernel lost for want of buffer, or what was on its way when this side closed, is missing
 * here and counted there: let the traffic settle before the end if the numbers are to be equal.
 */
export interface Traffic { sentBytes: number, sentPackets: number, receivedBytes: number, receivedPackets: number }

export type Transport = 'udp' | 'tcp'

export interface LegOptions {
  host: string
  port: number
  localAddress?: string | undefined
  /** Bound for the TCP handshake. */
  connectTimeoutMs: number
}

export interface LegListener {
  onMessage: (message: Buffer) => void
  /** The leg can carry nothing any more, by either side's doing. Called once. */
  onClose: () => void
}

/** The way to the relay: whole messages out, whole messages in, both counted. */
export interface Leg {
  readonly traffic: Traffic
  /** The last error of the socket, which over UDP is often an ICMP "port unreachable". */
  readonly lastError: () => Error | undefined
  /** Begins to deliver, and to count what arrives; to be called at once, before anything is sent. */
  listen: (listener: LegListener) => void
  /** Sends and counts, `message.length` bytes unless told otherwise; after the close a call does nothing. */
  send: (message: Buffer, countedBytes?: number) => void
  /** Closes the socket; over TCP what was sent goes out first. May be called again. */
  close: () => Promise<void>
}

/** Room for a burst while the event loop is busy; the kernel may grant less. A packet lost here would be one coturn has counted. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
/** A relay that does not read would hold up the flush at closing for ever. */
const CLOSE_TIMEOUT_MS = 1000

function noTraffic (): Traffic {
  return { sentBytes: 0, sentPackets: 0, receivedBytes: 0, receivedPackets: 0 }
}

function countSent (traffic: Traffic, bytes: number): void {
  traffic.sentPackets += 1
  traffic.sentBytes += bytes
}

function countReceived (traffic: Traffic, bytes: number): void {
  traffic.receivedPackets += 1
  traffic.receivedBytes += bytes
}

/** A connected UDP socket: each datagram is one message, and the kernel drops those of strangers. */
export async function openUdpLeg (options: LegOptions): Promise<Leg> {
  const { address, family } = await lookup(options.host)
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
      socket.bind(0, options.localAddress, () => {
        socket.connect(options.port, address, (error?: Error) => { if (error) reject(error); else resolve() })
      })
    })
  } catch (error) {
    await close()
    throw error
  }
  socket.removeAllListeners('error')
  socket.on('error', (error) => { lastError = error })
  const listen = (listener: LegListener): void => {
    socket.on('message', (message) => {
      countReceived(traffic, message.length)
      listener.onMessage(message)
    })
    socket.once('close', listener.onClose)
  }
  const send = (message: Buffer, countedBytes = message.length): void => {
    if (!open) return
    countSent(traffic, countedBytes)
    socket.send(message, (error) => { if (error) lastError = error })
  }
  return { traffic, lastError: () => lastError, listen, send, close }
}

/** A function that takes a stream's chunks and hands on its messages; the rest waits for the next chunk. */
function cutMessages (onMessage: (message: Buffer) => void): (chunk: Buffer) => 'garbage' | undefined {
  let unread: Buffer = Buffer.alloc(0)
  return (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    for (;;) {
      const length = streamMessageLength(unread)
      if (length === 'garbage') return length
      if (length === undefined || length > unread.length) return undefined
      const message = unread.subarray(0, length)
      unread = unread.subarray(length)
      onMessage(message)
    }
  }
}

/** A TCP connection, cut into messages by their own lengths; how the bytes arrive in chunks makes no difference. */
export async function openTcpLeg (options: LegOptions): Promise<Leg> {
  const { host, port, localAddress } = options
  const socket = connectTcp({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) })
  const traffic = noTraffic()
  const closed = new Promise<void>((resolve) => { socket.once('close', () => resolve()) })
  let lastError: Error | undefined
  socket.on('error', (error) => { lastError = error })
  const handshakeTimer = setTimeout(() => { socket.destroy(new Error(`no TCP connection to ${host}:${port} in ${options.connectTimeoutMs} ms`)) }, options.connectTimeoutMs)
  await Promise.race([new Promise((resolve) => { socket.once('connect', resolve) }), closed])
  clearTimeout(handshakeTimer)
  if (socket.destroyed) throw lastError ?? new Error(`no TCP connection to ${host}:${port}`)

  const listen = (listener: LegListener): void => {
    const cut = cutMessages((message) => {
      countReceived(traffic, message.length)
      listener.onMessage(message)
    })
    socket.on('data', (chunk) => {
      if (cut(chunk) === 'garbage') socket.destroy(new Error('the TCP stream holds neither STUN nor ChannelData'))
    })
    socket.once('close', listener.onClose)
  }
  const send = (message: Buffer, countedBytes = message.length): void => {
    if (!socket.writable) return
    countSent(traffic, countedBytes)
    socket.write(message)
  }
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => { socket.destroy() }, CLOSE_TIMEOUT_MS)
    socket.destroySoon()
    await closed
    clearTimeout(timer)
  }
  return { traffic, lastError: () => lastError, listen, send, close }
}
