import { Type } from 'typebox'
import type { Static } from 'typebox'

/** As many as a heartbeat names. */
export const MOST_ADDRESSES = 4
const BYTE = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
/** An IPv4 address, or what looks like an IPv6 address. */
const ADDRESS = `^(${BYTE}(\\.${BYTE}){3}|[0-9a-fA-F.]{0,30}:[0-9a-fA-F.:]{1,39})$`
export const RelayAddresses = Type.Array(Type.String({ pattern: ADDRESS }), { minItems: 1, maxItems: MOST_ADDRESSES, description: 'the only addresses of the node, public and private, at which other relays let their clients through to its own; without it any that a relay can have' })
export type RelayAddresses = Static<typeof RelayAddresses>

/** Of the addresses a node says it has, those nobody allowed it; each in any spelling. @param allowed undefined: it may have any */
export function foreignAddresses (said: readonly string[], allowed: RelayAddresses | undefined): string[] {
  if (allowed === undefined) return []
  const own = new Set(allowed.map(spell))
  return said.filter(address => !own.has(spell(address)))
}

/** An IPv6 address as RFC 5952 spells it, what a URL does with its host. */
function spell (address: string): string {
  const url = `http://[${address}]`
  return address.includes(':') && URL.canParse(url) ? new URL(url).hostname : address
}
