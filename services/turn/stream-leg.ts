import type { LookupAddress } from 'node:dns'
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { cutMessages } from './stream-messages.ts'
import { CertificateFailure, checkHost, judgeCertificate, trustAlso, type SeenCertificate } from './tls-certificate.ts'
import { TurnFailure, failureOf, type TurnStep } from './turn-errors.ts'
import { countReceived, countSent, noTraffic, type Leg, type LegListener } from './turn-leg.ts'
import { unlessAborted } from './unless-aborted.ts'

/** A relay that does not read would hold up the flush at closing for ever. */
const CLOSE_TIMEOUT_MS = 1000

export interface StreamOptions {
  host: string
  port: number
  /** Where the host is; if there are several, they are tried one behind the other (RFC 8305). */
  addresses: readonly [LookupAddress, ...LookupAddress[]]
  localAddress: string | undefined
  tls: boolean
  /** Trusted beside what Node trusts, PEM. */
  ca: string | undefined
  signal: AbortSignal
}

function begin ({ host, port, addresses, localAddress, tls, ca }: StreamOptions): Socket {
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all === true) callback(null, [...addresses])
    else callback(null, addresses[0].address, addresses[0].family)
  }
  const options = { host, port, lookup, ...(localAddress === undefined ? {} : { localAddress }) }
  if (!tls) return connectTcp(options)
  return connectTls({
    ...options,
    // An IP address is no server name (RFC 6066 section 3); the certificate is checked against `host` either way.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { secureContext: trustAlso(ca) }),
    checkServerIdentity: checkHost,
    // Judged after the handshake instead, so that its dates are seen even if it is not good.
    rejectUnauthorized: false
  })
}

async function until (socket: Socket, event: 'connect' | 'secureConnect', step: TurnStep, signal: AbortSignal): Promise<void> {
  const came = new Promise<void>((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', (error) => { reject(failureOf(step, error)) })
    socket.once('close', () => { reject(new TurnFailure(step, 'TURN_CONNECTION_LOST', 'the connection was closed')) })
  })
  await unlessAborted(came, signal, () => new TurnFailure(step, 'TURN_TIMEOUT', 'no connection in time'))
}

function checkedCertificate (socket: Socket): SeenCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const certificate = judgeCertificate(socket)
  if (certificate?.problem !== undefined) throw new CertificateFailure(certificate)
  if (certificate === undefined) throw new TurnFailure('tls', 'TURN_TLS_FAILED', 'the relay showed no certificate')
  return certificate
}

/**
 * A TCP connection, with TLS on wish, cut into messages by their own lengths; how the bytes arrive in chunks makes no
 * difference. Rejects with TurnFailure of 'connect' or 'tls', and CertificateFailure for a certificate that is not good.
 */
export async function openStreamLeg (options: StreamOptions): Promise<Leg> {
  const socket = begin(options)
  socket.setNoDelay(true)
  let lastError: Error | undefined
  socket.on('error', (error) => { lastError = error })
  let certificate: SeenCertificate | undefined
  try {
    await until(socket, 'connect', 'connect', options.signal)
    if (options.tls) await until(socket, 'secureConnect', 'tls', options.signal)
    certificate = checkedCertificate(socket)
  } catch (error) {
    socket.destroy()
    throw error
  }
  return legOf(socket, certificate, () => lastError)
}

function legOf (socket: Socket, certificate: SeenCertificate | undefined, lastError: () => Error | undefined): Leg {
  const traffic = noTraffic()
  const closed = new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
  const listen = (listener: LegListener): void => {
    const cut = cutMessages((message) => {
      countReceived(traffic, message.length)
      listener.onMessage(message)
    })
    socket.on('data', (chunk) => {
      if (cut(chunk) === 'garbage') socket.destroy(new Error('the stream holds neither STUN nor ChannelData'))
    })
    socket.once('close', listener.onClose)
  }
  const send = (message: Buffer, countedBytes = message.length): void => {
    if (!socket.writable) return
    countSent(traffic, countedBytes)
    socket.write(message)
  }
  const close = async (graceMs = CLOSE_TIMEOUT_MS): Promise<void> => {
    const timer = setTimeout(() => { socket.destroy() }, graceMs)
    socket.destroySoon()
    await closed
    clearTimeout(timer)
  }
  return { traffic, certificate, lastError, listen, send, close }
}
