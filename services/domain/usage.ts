import type { Traffic } from './session.ts'

/** What a ledger row counts. `seconds` is session time, `lostSessions` those of `sessions` that ended unseen. */
export interface UsageTotals extends Traffic {
  sessions: number
  lostSessions: number
  seconds: number
}

/** Where a byte belongs. `period` is `yyyymmddhh`, or `yyyymmdd` once the hours of a day have been folded together. */
export interface LedgerRowKey {
  period: string
  app: string
  node: string
  provider: string
  region: string
  priceVersion: string
}

export interface LedgerRow extends UsageTotals {
  key: LedgerRowKey
}

export const USAGE_DIMENSIONS = ['app', 'node', 'provider', 'region', 'hour', 'day'] as const
export type UsageDimension = typeof USAGE_DIMENSIONS[number]

/** Bytes carry the version of the price they were relayed under; there is no rate card yet, so all carry this one. */
export const UNPRICED = '0'

export const TOTALS_FIELDS = ['sessions', 'lostSessions', 'seconds', 'bytesIn', 'bytesOut', 'packetsIn', 'packetsOut'] as const

/** `yyyymmddhh` in UTC. */
export const hourOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 13).replace(/[-T]/g, '')

/** The ISO date, with hour where the period has one: `2026-11-22T23:00:00Z` or `2026-11-22`. */
export function isoPeriod (period: string): string {
  const day = `${period.slice(0, 4)}-${period.slice(4, 6)}-${period.slice(6, 8)}`
  return period.length > 8 ? `${day}T${period.slice(8, 10)}:00:00Z` : day
}

/** The part of a ledger row's name behind its period; no part may contain a colon, which their alphabets ensure. */
export const rowSuffix = (key: Omit<LedgerRowKey, 'period'>): string =>
  [key.app, key.node, key.provider, key.region, key.priceVersion].join(':')

/** Inverse of `<period>:<rowSuffix>`; undefined where the name has another shape. */
export function parseRowName (name: string): LedgerRowKey | undefined {
  const parts = name.split(':')
  if (parts.length !== 6) return undefined
  const [period = '', app = '', node = '', provider = '', region = '', priceVersion = ''] = parts
  return { period, app, node, provider, region, priceVersion }
}

/** Rows summed by one dimension, keys in ascending order. By hour, a day already folded keeps its date as its key. */
export function rollUp (rows: Iterable<LedgerRow>, by: UsageDimension): Array<{ key: string } & UsageTotals> {
  const sums = new Map<string, { key: string } & UsageTotals>()
  for (const row of rows) {
    const key = dimensionOf(row.key, by)
    let sum = sums.get(key)
    if (!sum) {
      sum = { key, sessions: 0, lostSessions: 0, seconds: 0, bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 }
      sums.set(key, sum)
    }
    for (const field of TOTALS_FIELDS) sum[field] += row[field]
  }
  return [...sums.values()].sort((a, b) => a.key < b.key ? -1 : 1)
}

function dimensionOf (key: LedgerRowKey, by: UsageDimension): string {
  switch (by) {
    case 'hour': return isoPeriod(key.period)
    case 'day': return isoPeriod(key.period.slice(0, 8))
    default: return key[by]
  }
}
