import type { Redis } from '../../services/store/connect.ts'
import type { BookedRow } from '../../services/store/usage-ledger.ts'
import type { DeliveredBatch } from '../../services/store/usage-stream.ts'
import type { LedgerRow, UsageTotals } from '../../services/domain/usage.ts'
import { TOTALS_FIELDS } from '../../services/domain/usage.ts'
import type { SessionRecord } from '../../services/store/session-records.ts'
import { stepSessions } from '../../services/store/session-steps.ts'
import { readLedgerDay, readLedgerDays } from '../../services/store/usage-ledger.ts'
import { readUsage, shipUsage } from '../../services/store/usage-stream.ts'

/** 2026-11-22T10:00:00Z: the middle of a day, the start of an hour. */
export const TEN_O_CLOCK = Date.UTC(2026, 10, 22, 10)
export const HOUR_MS = 3_600_000

export const allocationOf = (number: number): string => String(number).padStart(18, '0')

/** A verified row of one session of app `shop` that has relayed nothing yet; say what differs. */
export const bookedRow = (differs: Partial<BookedRow> = {}): BookedRow => ({
  boot: 'boot-1',
  allocation: allocationOf(1),
  app: 'shop',
  userTag: '0123456789abcdef01234567',
  expiresAtSeconds: TEN_O_CLOCK / 1000 + 3600,
  provider: 'coturn',
  region: 'eu',
  priceVersion: '0',
  state: 'open',
  startedAtMs: TEN_O_CLOCK,
  atMs: TEN_O_CLOCK,
  packetsIn: 0,
  bytesIn: 0,
  packetsOut: 0,
  bytesOut: 0,
  ...differs
})

/** Ships one batch and takes it from the stream as a ledger would; its content is not read by the scripts. */
export async function deliver (redis: Redis, node: string, log: string, sequence: number): Promise<DeliveredBatch> {
  await shipUsage(redis, node, log, [{ sequence, after: sequence - 1, batch: '{}' }], true)
  const delivered = (await readUsage(redis, [node], 10_000, 1)).find(batch => batch.log === log && batch.sequence === sequence)
  if (!delivered) throw new Error(`batch ${sequence} of ${log} did not arrive`)
  return delivered
}

/** Every session of one kind, as the ledger has it. */
export const listAll = async (redis: Redis, kind: 'open' | 'ended'): Promise<SessionRecord[]> =>
  (await stepSessions(redis, kind, undefined, 100_000)).found.map(({ session }) => session)

/** Every row of the ledger. */
export async function readLedger (redis: Redis): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = []
  for (const day of await readLedgerDays(redis, '00000000', '99999999')) rows.push(...await readLedgerDay(redis, day))
  return rows
}

export function sumOf (rows: Iterable<UsageTotals>): UsageTotals {
  const sum: UsageTotals = { sessions: 0, lostSessions: 0, seconds: 0, bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 }
  for (const row of rows) for (const field of TOTALS_FIELDS) sum[field] += row[field]
  return sum
}
