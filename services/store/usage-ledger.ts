import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import type { SessionState, Traffic } from '../domain/session.ts'
import type { LedgerRow, LedgerRowKey } from '../domain/usage.ts'
import type { DeliveredBatch } from './usage-stream.ts'
import { monthOf, RELAYED_TTL_SECONDS, WHOLE_APP } from '../domain/relay-use.ts'
import { PROBE_APP } from '../domain/turn-credential.ts'
import { TOTALS_FIELDS, dayOf, dayOfPeriod, hourOf, parseRowName, rowSuffix, spanOf } from '../domain/usage.ts'
import { centralKeys } from './keys.ts'

/** A late total still applies for two days after a session was seen to end. */
export const CLOSED_SESSION_TTL_SECONDS = 48 * 3600
/** An agent may be down for longer than a holiday while its calls go on; until then its word must find the record. */
export const LOST_SESSION_TTL_SECONDS = 30 * 24 * 3600

/** A usage row whose username was verified, ready to be booked. */
export interface BookedRow extends Traffic {
  boot: string
  allocation: string
  app: string
  userTag: string
  expiresAtSeconds: number
  provider: string
  region: string
  priceVersion: string
  state: SessionState
  startedAtMs: number
  atMs: number
}

/** Of a row that is a provider's own word. */
export const BILLED_FIELD = 'billedMicroUsd'

export type ApplyOutcome = 'applied' | 'duplicate' | 'gap'

/** What one row changed: bytes may be fewer than booked before, where coturn's total takes the place of its deltas. */
export interface BookedChange {
  row: BookedRow
  bytesIn: number
  bytesOut: number
  /** the session has ended with it; one that was lost does not end once more with its late total */
  ended: 'closed' | 'lost' | undefined
}

export const sessionMember = (node: string, boot: string, allocation: string): string => `${node}:${boot}:${allocation}`

/**
 * Books one batch and takes it off the stream: one script, so it counts exactly once even if two ledgers apply it, or
 * one dies before it hears the answer. Bytes go to the hour of the row's own time. What it changed is told to the one
 * ledger whose call applied it.
 * @param countsUsers whether a cap of the app makes it worth knowing what each of its users has relayed
 */
export async function applyUsage (redis: Redis, delivered: DeliveredBatch, rows: readonly BookedRow[], countsUsers: (app: string) => boolean = () => true): Promise<{ outcome: ApplyOutcome, changes: BookedChange[] }> {
  const { node } = delivered
  const keys = [centralKeys.usage(node), centralKeys.applied(node), centralKeys.sessionsOpen, centralKeys.sessionsEnded, centralKeys.ledgerDays]
  const values: Array<string | number> = [delivered.id, delivered.log, delivered.sequence, CLOSED_SESSION_TTL_SECONDS, LOST_SESSION_TTL_SECONDS, delivered.after, WHOLE_APP, RELAYED_TTL_SECONDS]
  for (const row of rows) {
    const member = sessionMember(node, row.boot, row.allocation)
    const hour = hourOf(row.atMs)
    const name = `${hour}:${rowSuffix({ ...row, node })}`
    const day = dayOfPeriod(hour)
    keys.push(centralKeys.session(member), centralKeys.ledgerRow(name), centralKeys.ledgerDay(day), centralKeys.relayed(monthOf(row.atMs), row.app), centralKeys.openSessions(row.app))
    values.push(member, name, day, row.app, row.userTag, row.expiresAtSeconds, row.provider, row.region, row.state,
      row.startedAtMs, row.atMs, Math.max(0, Math.floor((row.atMs - row.startedAtMs) / 1000)),
      row.packetsIn, row.bytesIn, row.packetsOut, row.bytesOut, row.app === PROBE_APP ? 'nobody' : countsUsers(row.app) ? 'users' : 'app')
  }
  const [outcome, ...told] = await redis.applyUsage(keys.length, ...keys, ...values)
  if (outcome === 'duplicate') return { outcome, changes: [] }
  const changes = rows.map((row, index): BookedChange => {
    const [bytesIn, bytesOut, ended] = told.slice(index * 3, index * 3 + 3) as [number, number, 'closed' | 'lost' | '']
    return { row, bytesIn, bytesOut, ended: ended === '' ? undefined : ended }
  })
  return { outcome: outcome as ApplyOutcome, changes }
}

/** The days, yyyymmdd, that hold rows between two days, both included, oldest first. */
export async function readLedgerDays (redis: Redis, fromDay: string, toDay: string): Promise<string[]> {
  return await redis.zrange(centralKeys.ledgerDays, `[${fromDay}`, `[${toDay}`, 'BYLEX')
}

/** All wanted rows of one day: its hours, or the day itself once it has been folded. */
export async function readLedgerDay (redis: Redis, day: string, wanted: (key: LedgerRowKey) => boolean = () => true): Promise<LedgerRow[]> {
  const keys = (await redis.smembers(centralKeys.ledgerDay(day))).map(parseRowName).filter(key => key !== undefined && wanted(key)) as LedgerRowKey[]
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.hmget(centralKeys.ledgerRow(rowName(key)), ...TOTALS_FIELDS, BILLED_FIELD)
  const answers = await answersOf(pipeline.exec())
  return keys.map((key, index) => {
    const values = answers[index] as Array<string | null>
    const totals = Object.fromEntries(TOTALS_FIELDS.map((field, at) => [field, Number(values[at] ?? 0)]))
    const billed = values[TOTALS_FIELDS.length]
    return { key, ...totals, ...typeof billed === 'string' ? { billedMicroUsd: BigInt(billed) } : {} } as LedgerRow
  })
}

/** All wanted rows whose hour, or day, has a part between two moments, in ms; `toMs` is not included. */
export async function readLedgerRows (redis: Redis, fromMs: number, toMs: number, wanted: (key: LedgerRowKey) => boolean): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = []
  for (const day of await readLedgerDays(redis, dayOf(fromMs), dayOf(toMs))) {
    rows.push(...await readLedgerDay(redis, day, key => {
      const { startMs, endMs } = spanOf(key.period)
      return endMs > fromMs && startMs < toMs && wanted(key)
    }))
  }
  return rows
}

export const rowName = (key: LedgerRowKey): string => `${key.period}:${rowSuffix(key)}`

/** Folds the hours of a day into one row per app, node, provider, region and price. Returns how many were folded. */
export async function foldDay (redis: Redis, day: string): Promise<number> {
  let folded = 0
  for (const name of await redis.smembers(centralKeys.ledgerDay(day))) {
    const key = parseRowName(name)
    if (!key || key.period === day) continue
    const dayName = rowName({ ...key, period: day })
    folded += await redis.foldHour(centralKeys.ledgerRow(name), centralKeys.ledgerRow(dayName), centralKeys.ledgerDay(day), name, dayName)
  }
  return folded
}

/** Deletes a day's rows for good. */
export async function deleteDay (redis: Redis, day: string): Promise<void> {
  const names = await redis.smembers(centralKeys.ledgerDay(day))
  const transaction = redis.multi()
  for (const name of names) transaction.del(centralKeys.ledgerRow(name))
  transaction.del(centralKeys.ledgerDay(day)).zrem(centralKeys.ledgerDays, day)
  await transaction.exec()
}
