import { resolveHost } from './resolve-host.ts'
import { openStreamLeg } from './stream-leg.ts'
import type { Leg, Transport } from './turn-leg.ts'
import { openUdpLeg } from './udp-leg.ts'

export interface LegOptions {
  /** A name or an IP address, without brackets. */
  host: string
  port: number
  transport: Transport
  localAddress?: string | undefined
  /** For TLS: trusted beside what Node trusts, PEM. */
  ca?: string | undefined
  /** Bound for name, connection and TLS handshake together. */
  connectTimeoutMs: number
  /** Ends the opening early, as if that time were up. */
  signal?: AbortSignal | undefined
}

/** Opens the way to a relay. Rejects with TurnFailure of 'resolve', 'connect' or 'tls'; then no socket is left. */
export async function openLeg ({ host, port, transport, localAddress, ca, connectTimeoutMs, signal }: LegOptions): Promise<Leg> {
  const bound = new AbortController()
  const giveUp = (): void => { bound.abort() }
  const timer = setTimeout(giveUp, connectTimeoutMs)
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted === true) giveUp()
  try {
    const addresses = await resolveHost(host, bound.signal)
    if (transport === 'udp') return await openUdpLeg(addresses[0], port, localAddress)
    return await openStreamLeg({ host, port, addresses, localAddress, tls: transport === 'tls', ca, signal: bound.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}
