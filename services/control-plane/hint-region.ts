import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { REGION_PATTERN } from '../domain/node.ts'

/** What of a request says where its client is. */
export interface HintedRequest {
  headers: IncomingHttpHeaders
  socket: { remoteAddress?: string | undefined }
}

const regionPattern = new RegExp(REGION_PATTERN)

/**
 * Where a client is, by the header that a trusted proxy sets: undefined from anybody else, who could say what he likes,
 * and where the proxy says nothing that looks like a region. Capital letters count as small ones: proxies say `EU`.
 * @param trustedProxies addresses, or ranges such as 10.0.0.0/8, already checked
 */
export function createRegionHint (header: string | undefined, trustedProxies: readonly string[]): (request: HintedRequest) => string | undefined {
  if (header === undefined) return () => undefined
  const name = header.toLowerCase()
  const trusted = new BlockList()
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(prefix), family)
  }
  return ({ headers, socket }) => {
    const value = headers[name]
    if (typeof value !== 'string') return undefined
    const address = socket.remoteAddress ?? ''
    const region = value.trim().toLowerCase()
    return trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6') && regionPattern.test(region) ? region : undefined
  }
}
