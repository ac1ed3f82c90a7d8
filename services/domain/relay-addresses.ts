import { Type } from 'typebox'
import type { Static } from 'typebox'

/** As many as a heartbeat names. */
export const MOST_ADDRESSES = 4
export const RelayAddresses = Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$' }), { minItems: 1, maxItems: MOST_ADDRESSES, description: 'the only addresses of a relay that are believed of the node, public and private; without it any is that a relay can have' })
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
