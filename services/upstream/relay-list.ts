import { Type } from 'typebox'
import type { Static } from 'typebox'
import { sanitiseIceServers } from '../domain/ice-servers.ts'
import type { IceServer } from '../domain/ice-servers.ts'
import { UpstreamError } from './upstream-error.ts'

const text = Type.Union([Type.String(), Type.Null()])
const urls = Type.Union([Type.String(), Type.Array(Type.String())])

/** An entry as providers write it: `urls` a string or a list, older ones as `url`; null or nothing where there is no account. */
export const ProviderIceServer = Type.Object({
  urls: Type.Optional(Type.Union([urls, Type.Null()])),
  url: Type.Optional(Type.Union([urls, Type.Null()])),
  username: Type.Optional(text),
  credential: Type.Optional(text)
})
type ProviderIceServer = Static<typeof ProviderIceServer>

/** More is not read: the longest known list has nine. */
const MAX_READ = 100

/**
 * What a browser is given of a provider's list: the first usable account with its best URL for udp and its two best ways
 * through a firewall. Each URL costs a browser an allocation, so not all of them; a `stun:` URL only where there is no TURN
 * over udp, which yields the same candidate.
 * @throws UpstreamError bad_reply where no relay is left: STUN alone is the provider stun, and costs nothing
 */
export function readRelayList (servers: readonly ProviderIceServer[]): IceServer[] {
  const clean = sanitiseIceServers(servers.map(server => ({
    urls: [server.urls ?? server.url ?? []].flat(),
    username: server.username ?? '',
    credential: server.credential ?? ''
  })), MAX_READ)
  const account = clean.find(({ urls }) => urls.some(isRelay))
  if (account === undefined) throw new UpstreamError('bad_reply', 'the reply names no relay a browser could use')
  const { username, credential } = account
  const relays = [...new Set(clean.filter(server => server.username === username && server.credential === credential).flatMap(({ urls }) => urls).filter(isRelay))]

  const udp = relays.filter(isUdp).slice(0, 1)
  const firewall = relays.filter(url => !isUdp(url)).sort((a, b) => rank(a) - rank(b)).slice(0, 2)
  const stun = udp.length > 0 ? [] : clean.flatMap(({ urls }) => urls).filter(url => !isRelay(url)).slice(0, 1)
  return [{ ...account, urls: [...udp, ...firewall] }, ...stun.length > 0 ? [{ urls: stun }] : []]
}

const isRelay = (url: string): boolean => /^turns?:/i.test(url)
/** RFC 7065, section 3.2: without a transport, turn is udp and turns is tcp. */
const isUdp = (url: string): boolean => /^turn:/i.test(url) && !/\?transport=tcp$/i.test(url)

/** The less, the more firewalls let it pass: what looks like HTTPS, what has its port, what has that of HTTP, the rest. */
function rank (url: string): number {
  const tls = /^turns:/i.test(url)
  const port = /:(\d+)(\?|$)/.exec(url)?.[1]
  if (port === '443') return tls ? 0 : 1
  if (port === '80') return 2
  return tls ? 3 : 4
}
