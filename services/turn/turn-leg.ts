import type { SeenCertificate } from './tls-certificate.ts'

/**
 * What passed between a client and its relay, counted as coturn counts its client leg: every STUN message and every
 * ChannelData message is one packet, and its bytes are the message, without IP, UDP, TCP or TLS headers. The directions
 * are the client's: coturn's `rcvp`/`rcvb` are `sentPackets`/`sentBytes` here, its `sentp`/`sentb` the received ones.
 *
 * The 0 to 3 bytes that pad ChannelData over TCP are counted one way only: coturn (seen with 4.6.1) leaves them out of
 * what it receives and includes them in what it sends, so `sentBytes` is without and `receivedBytes` with them.
 *
 * What the relay sent but the kernel lost for want of buffer, or what was on its way when this side closed, is missing
 * here and counted there: let the traffic settle before the end if the numbers are to be equal.
 */
export interface Traffic { sentBytes: number, sentPackets: number, receivedBytes: number, receivedPackets: number }

/** `tls` is TLS over TCP, the `turns:` of browsers. */
export type Transport = 'udp' | 'tcp' | 'tls'

export interface LegListener {
  onMessage: (message: Buffer) => void
  /** Over UDP the kernel reports only hard ICMP errors: they end a transaction (RFC 8489 section 6.2.1), not the leg. */
  onError: (error: Error) => void
  /** The leg can carry nothing any more, by either side's doing. Called once. */
  onClose: () => void
}

/** The way to the relay: whole messages out, whole messages in, both counted. */
export interface Leg {
  readonly traffic: Traffic
  /** What the relay showed over TLS, verified. */
  readonly certificate: SeenCertificate | undefined
  /** The last error of the socket, which over UDP is often an ICMP "port unreachable". */
  readonly lastError: () => Error | undefined
  /** Begins to deliver, and to count what arrives; to be called at once, before anything is sent. */
  listen: (listener: LegListener) => void
  /** Sends and counts, `message.length` bytes unless told otherwise; after the close a call does nothing. */
  send: (message: Buffer, countedBytes?: number) => void
  /** Closes the socket; over a stream what was sent goes out first, within `graceMs`. May be called again. */
  close: (graceMs?: number) => Promise<void>
}

export function noTraffic (): Traffic {
  return { sentBytes: 0, sentPackets: 0, receivedBytes: 0, receivedPackets: 0 }
}

export function countSent (traffic: Traffic, bytes: number): void {
  traffic.sentPackets += 1
  traffic.sentBytes += bytes
}

export function countReceived (traffic: Traffic, bytes: number): void {
  traffic.receivedPackets += 1
  traffic.receivedBytes += bytes
}
