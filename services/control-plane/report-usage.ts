import type { Static } from 'typebox'
import { findFlatPrice } from '../domain/rate-card.ts'
import { isReported, TOTALS_FIELDS } from '../domain/usage.ts'
import type { UsageDimension } from '../domain/usage.ts'
import { applyCredits, flatCosts, rollUpCosts } from '../domain/usage-cost.ts'
import type { Redis } from '../store/connect.ts'
import { readNodes } from '../store/nodes.ts'
import { readPrices } from '../store/prices.ts'
import { readLedgerRows } from '../store/usage-ledger.ts'
import type { UsageReply } from './report-schemas.ts'

export interface UsageQuestion {
  app: string | undefined
  by: UsageDimension
  /** whole hours, in ms; the end is not included */
  fromMs: number
  toMs: number
}

type Report = Pick<Static<typeof UsageReply>, 'rows' | 'credits' | 'flat' | 'prices'>

/** What was relayed and what it cost, out of the ledger; costs are computed here, from bytes and the price they were booked under. */
export async function reportUsage (redis: Redis, { app, by, fromMs, toMs }: UsageQuestion): Promise<Report> {
  const [{ card, versions }, rows, nodes] = await Promise.all([
    readPrices(redis),
    readLedgerRows(redis, fromMs, toMs, key => isReported(key.app, app, by)),
    readNodes(redis)
  ])
  const costed = rollUpCosts(rows, by, versions)
  const used = new Set(costed.flatMap(({ priceVersions }) => priceVersions))
  const credited = new Set<string>(card.credits.map(({ provider }) => provider))
  const months = wholeMonths(fromMs, toMs)
  const rowsOfCredits = credited.size > 0 ? await readLedgerRows(redis, months.fromMs, months.toMs, ({ provider }) => credited.has(provider)) : []
  return {
    rows: costed.map(row => ({ ...row, costMicroUsd: row.costMicroUsd === null ? null : String(row.costMicroUsd) })),
    prices: [...versions].filter(([version]) => used.has(version)).map(([version, price]) => ({ version, ...price })),
    credits: applyCredits(rowsOfCredits, card, versions).map(({ billedBytes, freeBytes, creditMicroUsd, ...credit }) =>
      ({ ...credit, billedBytes: String(billedBytes), freeBytes: String(freeBytes), creditMicroUsd: String(creditMicroUsd) })),
    flat: flatCosts(nodes.flatMap(({ observed }) => observed ? [observed.region] : []), region => findFlatPrice(card, region))
      .map(flat => ({ ...flat, microUsdPerNodeMonth: String(flat.microUsdPerNodeMonth), microUsdPerMonth: String(flat.microUsdPerMonth) }))
  }
}

/** The months (UTC) that a range lies in, from their first moment to the end of the last, in ms. */
function wholeMonths (fromMs: number, toMs: number): { fromMs: number, toMs: number } {
  const [first, last] = [new Date(fromMs), new Date(toMs - 1)]
  return { fromMs: Date.UTC(first.getUTCFullYear(), first.getUTCMonth()), toMs: Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1) }
}

/** RFC 4180; no value holds a comma or a quote. */
export function toCsv (rows: Report['rows']): string {
  const columns = ['key', ...TOTALS_FIELDS, 'costMicroUsd', 'basis'] as const
  return [columns, ...rows.map(row => columns.map(column => row[column] ?? ''))].map(values => `${values.join(',')}\r\n`).join('')
}
