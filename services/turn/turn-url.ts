import type { Transport } from './turn-leg.ts'

/** One entry of an RTCConfiguration's `iceServers`. */
export interface IceServer { urls: string | string[], username?: string, credential?: string }

export interface TurnServer { host: string, port: number, transport: Transport, username: string, password: string }

export interface ServerUrl { scheme: 'stun' | 'stuns' | 'turn' | 'turns', host: string, port: number, transport: Transport }

/** RFC 7064 section 3.1 and RFC 7065 section 3.1; only turn and turns name a transport. */
const SERVER_URL = /^(?:(stuns?)|(turns?)):(?:\[([0-9a-f:.]+)\]|([^:?/@[\]\s]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i
/** RFC 7064 section 3.2 and RFC 7065 section 3.2. */
const DEFAULT_PORT = 3478
const DEFAULT_TLS_PORT = 5349

/**
 * Host (without brackets), port and transport of a stun:, stuns:, turn: or turns: URI. UDP unless it says otherwise, TLS
 * over TCP where the scheme is secure, as in browsers. Undefined for anything else, and for turns: over UDP (DTLS).
 */
export function parseServerUrl (url: string): ServerUrl | undefined {
  const match = SERVER_URL.exec(url)
  const scheme = (match?.[1] ?? match?.[2])?.toLowerCase() as ServerUrl['scheme'] | undefined
  const host = match?.[3] ?? match?.[4]
  const named = match?.[6]?.toLowerCase()
  if (scheme === undefined || host === undefined) return undefined
  const secure = scheme.endsWith('s')
  if ((match?.[1] !== undefined && named !== undefined) || (secure && named === 'udp')) return undefined
  const port = Number(match?.[5] ?? (secure ? DEFAULT_TLS_PORT : DEFAULT_PORT))
  if (port < 1 || port > 0xffff) return undefined
  return { scheme, host, port, transport: secure ? 'tls' : named === 'tcp' ? 'tcp' : 'udp' }
}

/** The same for a relay: undefined for stun: and stuns:, which are none. */
export function parseTurnUrl (url: string): Pick<TurnServer, 'host' | 'port' | 'transport'> | undefined {
  const parsed = parseServerUrl(url)
  if (parsed === undefined || parsed.scheme.startsWith('stun')) return undefined
  const { host, port, transport } = parsed
  return { host, port, transport }
}

/** The first server with that transport and with credentials; undefined if there is none. */
export function pickTurnServer (iceServers: IceServer[], transport: Transport): TurnServer | undefined {
  for (const { urls, username, credential } of iceServers) {
    if (username === undefined || credential === undefined) continue
    const found = [urls].flat().map(parseTurnUrl).find((url) => url?.transport === transport)
    if (found !== undefined) return { ...found, username, password: credential }
  }
  return undefined
}

function isIceServer (value: unknown): value is IceServer {
  if (typeof value !== 'object' || value === null) return false
  const { urls, username, credential } = value as Record<string, unknown>
  const isText = (text: unknown): boolean => typeof text === 'string'
  return (isText(urls) || (Array.isArray(urls) && urls.every(isText))) &&
    [username, credential].every((text) => text === undefined || isText(text))
}

/** The `iceServers` of a JSON text; undefined if it is not JSON or has none. */
export function parseIceServers (json: string): IceServer[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('iceServers' in value)) return undefined
  const { iceServers } = value
  return Array.isArray(iceServers) && iceServers.every(isIceServer) ? iceServers : undefined
}
