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

const STUN_URL = /^stun:[^?\s@/]+$/i
const TURN_URL = /^turns?:[^?\s@/]+(\?transport=(udp|tcp))?$/i
const PORT_53 = /:53(\?|$)/

/** One bad entry makes the RTCPeerConnection constructor throw, so each URL is checked, not trusted. */
export const isUsableUrl = (url: string, hasCredential: boolean): boolean =>
  !PORT_53.test(url) && (STUN_URL.test(url) || (hasCredential && TURN_URL.test(url)))

/**
 * A list every browser accepts: STUN URLs lose their query (Chrome throws), `stuns:` and port 53 go (blocked), a TURN
 * URL without username and credential goes (InvalidAccessError), no more than `maxUrls` URLs in all, no empty entry.
 */
export function sanitiseIceServers (servers: readonly IceServer[], maxUrls = MAX_URLS): IceServer[] {
  const clean: IceServer[] = []
  let room = maxUrls
  for (const { urls, username, credential } of servers) {
    const hasCredential = Boolean(username) && Boolean(credential)
    const kept = urls
      .map(url => /^stun:/i.test(url) ? url.replace(/\?.*$/, '') : url)
      .filter(url => isUsableUrl(url, hasCredential))
      .slice(0, room)
    if (kept.length === 0) continue
    room -= kept.length
    clean.push(username && credential ? { urls: kept, username, credential } : { urls: kept })
  }
  return clean
}
