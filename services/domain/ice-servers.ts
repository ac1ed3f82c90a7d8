import { Type } from 'typebox'
import type { Static } from 'typebox'

/** W3C WebRTC RTCIceServer, `urls` always an array. */
export const IceServer = Type.Object({
  urls: Type.Array(Type.String(), { minItems: 1 }),
  username: Type.Optional(Type.String()),
  credential: Type.Optional(Type.String())
}, { additionalProperties: false })
export type IceServer = Static<typeof IceServer>

/** Firefox warns from the fifth URL on, and every URL costs a browser an allocation. */
export const MAX_URLS = 4

/** RFC 8489, section 14.3: longer, and the RTCPeerConnection constructor throws. */
const MAX_USERNAME_BYTES = 508

/** A host name or an address (IPv6 in brackets), and a port; a browser throws at what no name holds, such as `#` or NUL. */
const STUN_URL = /^stun:(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i
const TURN_URL = /^turns?:(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/i

/** One bad entry makes the RTCPeerConnection constructor throw, so each URL is checked, not trusted. */
export function isUsableUrl (url: string, hasCredential: boolean): boolean {
  const match = STUN_URL.exec(url) ?? (hasCredential ? TURN_URL.exec(url) : null)
  if (match === null) return false
  const port = match[1] === undefined ? undefined : Number(match[1])
  // browsers block port 53, and without trickle ICE wait 40 s for it
  return port === undefined || (port !== 53 && port >= 1 && port <= 65535)
}

/**
 * A list every browser accepts: STUN URLs lose their query (Chrome throws), `stuns:` and port 53 go (blocked), a TURN
 * URL without username and credential, or with a username too long for STUN, goes (both throw), no more than `maxUrls`
 * URLs in all, no empty entry.
 */
export function sanitiseIceServers (servers: readonly IceServer[], maxUrls = MAX_URLS): IceServer[] {
  const clean: IceServer[] = []
  let room = maxUrls
  for (const { urls, username, credential } of servers) {
    const hasCredential = Boolean(credential) && Boolean(username) && Buffer.byteLength(username ?? '') <= MAX_USERNAME_BYTES
    const kept = urls
      .map(url => /^stun:/i.test(url) ? url.replace(/\?.*$/, '') : url)
      .filter(url => isUsableUrl(url, hasCredential))
      .slice(0, room)
    if (kept.length === 0) continue
    room -= kept.length
    clean.push(hasCredential && username && credential ? { urls: kept, username, credential } : { urls: kept })
  }
  return clean
}
