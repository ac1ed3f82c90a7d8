/**
 * The longest lifetime coturn grants an allocation here (max-allocate-lifetime): a live one is refreshed, and heard of,
 * at least this often. infra/coturn/launch refuses a longer one.
 */
export const MAX_ALLOCATION_LIFETIME_MS = 900_000

/** Bytes and packets of one allocation on its client side: `in` comes from the client, `out` goes to the client. */
export interface Traffic {
  packetsIn: number
  bytesIn: number
  packetsOut: number
  bytesOut: number
}

/** `lost`: it ended without a word from coturn and is closed at what is known; a late total still corrects it. */
export type SessionState = 'open' | 'closed' | 'lost'

/**
 * The standing of one allocation, cumulative since its start, as an agent reports it. A row replaces every earlier row
 * of the same (node, boot, allocation), so it may be sent twice or not at all as long as a later one arrives.
 */
export interface UsageRow extends Traffic {
  boot: string
  allocation: string
  username: string
  state: SessionState
  startedAtMs: number
  atMs: number
}

/** One shipment of an agent. */
export interface UsageBatch {
  region: string
  rows: UsageRow[]
}

export const noTraffic = (): Traffic => ({ packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 })
