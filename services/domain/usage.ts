import type { Traffic } from './session.ts'
import { PROBE_APP } from './turn-credential.ts'

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
  /** what the provider's own bill says these bytes cost, where it does */
  billedMicroUsd?: bigint
}

export const USAGE_DIMENSIONS = ['app', 'node', 'provider', 'region', 'hour', 'day'] as const
export type UsageDimension = typeof USAGE_DIMENSIONS[number]

/** Whose word a number is: counted by our own relays, the provider's own records, or what issued credentials are expected to use. */
export const BASES = ['measured', 'provider', 'estimated'] as const
export type Basis = typeof BASES[number]

/** What stands in the place of the node where none of ours relayed; no node id begins so. */
export const BASIS_NODES = { provider: '_provider', estimated: '_estimated' } as const
/** The app of bytes their provider does not attribute to any. */
export const UNATTRIBUTED = '_account'

export const basisOf = ({ node }: Pick<LedgerRowKey, 'node'>): Basis =>
  node === BASIS_NODES.provider ? 'provider' : node === BASIS_NODES.estimated ? 'estimated' : 'measured'

/** Bytes carry the version of the price they were relayed under; this one where none was known. */
export const UNPRICED = '0'

export const TOTALS_FIELDS = ['sessions', 'lostSessions', 'seconds', 'bytesIn', 'bytesOut', 'packetsIn', 'packetsOut'] as const

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Hours are kept for a month and a few days, so that the last month can be looked at hour by hour. */
export const KEEP_HOURS_DAYS = 35
/** Two years and a month: last year's months stay comparable. */
export const KEEP_DAYS_DAYS = 760

/** `yyyymmddhh` in UTC. */
export const hourOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 13).replace(/[-T]/g, '')
/** `yyyymmdd` in UTC. */
export const dayOf = (atMs: number): string => hourOf(atMs).slice(0, 8)
/** The day a period lies in, or is. */
export const dayOfPeriod = (period: string): string => period.slice(0, 8)

/** From when to when, in ms, a period lasts: an hour, or a day whose hours have been folded together. */
export function spanOf (period: string): { startMs: number, endMs: number } {
  const startMs = Date.UTC(Number(period.slice(0, 4)), Number(period.slice(4, 6)) - 1, Number(period.slice(6, 8)), Number(period.slice(8, 10) || 0))
  return { startMs, endMs: startMs + (period.length > 8 ? HOUR_MS : DAY_MS) }
}

/** ISO 8601, a date or a time with its zone; without one it would mean another moment on every machine. */
const ISO_MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * The whole hours that hold `from` to `to`; without them the day up to now. Undefined where the words are no moments,
 * do not follow each other, or lie further apart than anything is kept.
 */
export function readRange (from: string | undefined, to: string | undefined, nowMs: number): { fromMs: number, toMs: number } | undefined {
  if ([from, to].some(word => word !== undefined && !ISO_MOMENT.test(word))) return undefined
  const end = to === undefined ? nowMs : Date.parse(to)
  const start = from === undefined ? end - DAY_MS : Date.parse(from)
  const [fromMs, toMs] = [Math.floor(start / HOUR_MS) * HOUR_MS, Math.ceil(end / HOUR_MS) * HOUR_MS]
  return start < end && toMs - fromMs <= (KEEP_DAYS_DAYS + 1) * DAY_MS ? { fromMs, toMs } : undefined
}

/** The ISO date, with hour where the period has one: `2026-11-22T23:00:00Z` or `2026-11-22`. */
export function isoPeriod (period: string): string {
  const iso = new Date(spanOf(period).startMs).toISOString()
  return period.length > 8 ? `${iso.slice(0, 13)}:00:00Z` : iso.slice(0, 10)
}

/** Whether the bytes of an app belong into a report: those of probes only where a node is asked what it carried, or they are asked for. */
export const isReported = (rowApp: string, app: string | undefined, by: UsageDimension): boolean =>
  app === undefined ? rowApp !== PROBE_APP || by === 'node' : rowApp === app

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

export function dimensionOf (key: LedgerRowKey, by: UsageDimension): string {
  switch (by) {
    case 'hour': return isoPeriod(key.period)
    case 'day': return isoPeriod(dayOfPeriod(key.period))
    default: return key[by]
  }
}
