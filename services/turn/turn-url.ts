import type { Transport } from './turn-leg.ts'

/** One entry of an RTCConfiguration's `iceServers`. */
export interface IceServer { urls: string | string[], username?: string, credential?: string }

export interface TurnServer { host: string, port: number, transport: Transport, username: string, password: string }

/** RFC 7065 section 3.1, without `turns`, which the client here does not speak. */
const TURN_URL = /^turn:(?:\[([^\]]+)\]|([^:?[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i
/** RFC 7065 section 3.2. */
const DEFAULT_PORT = 3478

/** Host, port and transport of a turn: URI, UDP unless it says otherwise; undefined for anything else. */
export function parseTurnUrl (url: string): Pick<TurnServer, 'host' | 'port' | 'transport'> | undefined {
  const match = TURN_URL.exec(url)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? DEFAULT_PORT)
  if (host === undefined || port < 1 || port > 0xffff) return undefined
  return { host, port, transport: match?.[4]?.toLowerCase() === 'tcp' ? 'tcp' : 'udp' }
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
