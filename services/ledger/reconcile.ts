import type { DayBill } from '../domain/bill.ts'
import { ALL_APPS } from '../domain/budget.ts'
import { roundCost } from '../domain/money.ts'
import { findPrice, priceBytes } from '../domain/rate-card.ts'
import { DAY_MS, dayOf, spanOf } from '../domain/usage.ts'
import { learnExpectedUse } from '../policy/learn-expected-use.ts'
import type { BilledUse } from '../policy/learn-expected-use.ts'
import type { Logger } from '../runtime/logger.ts'
import { writeBill, writeExpectedUse } from '../store/bills.ts'
import type { PricedBill } from '../store/bills.ts'
import type { Redis } from '../store/connect.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'
import type { PriceList } from './price-list.ts'

/** Reads the bills of a provider, of today and the days it may still correct. */
export type ReadBills = (nowMs: number) => Promise<DayBill[]>

export interface ReconcileContext {
  redis: Redis
  metrics: LedgerMetrics
  logger: Logger
  prices: PriceList
}

/**
 * reconcile: what a provider says of its traffic and its price goes into the ledger beside our estimate, takes its place in
 * what is spent, and teaches what a credential is to be expected to use. A bill with nothing on it is read as well. @throws where the provider cannot be read
 */
export async function reconcile ({ redis, metrics, logger, prices }: ReconcileContext, provider: DayBill['provider'], readBills: ReadBills, nowMs: number): Promise<void> {
  const uses: BilledUse[] = []
  const bills = await readBills(nowMs)
  for (const bill of bills) {
    const priced = priceBill(bill, prices)
    const { microUsd: estimate, credentials } = await writeBill(redis, priced)
    if (bill.isFinal) uses.push({ credentials, ...sumBytes(bill) })
    showDrift(metrics, priced, estimate, nowMs)
  }
  await writeExpectedUse(redis, provider, learnExpectedUse(uses))
  metrics.reconciled.set({ provider }, nowMs / 1000)
  logger.debug({ provider }, 'compared the bill of a provider with our estimates')
}

const sumBytes = ({ rows }: DayBill) =>
  ({ bytesIn: rows.reduce((sum, { bytesIn }) => sum + bytesIn, 0), bytesOut: rows.reduce((sum, { bytesOut }) => sum + bytesOut, 0) })

/** At the provider's own price where it names one, else at that of the rate card; unknown where neither is. */
function priceBill (bill: DayBill, prices: PriceList): PricedBill {
  const sums = new Map<string, bigint>([[ALL_APPS, 0n]])
  let isKnown = true
  for (const row of bill.rows) {
    const price = findPrice(prices.card, bill.provider, row.region)
    const amount = row.microUsd ?? (price && roundCost(priceBytes(price, row)))
    if (amount === undefined) isKnown = false
    else for (const scope of [row.app, ALL_APPS]) sums.set(scope, (sums.get(scope) ?? 0n) + amount)
  }
  return { ...bill, priceVersions: bill.rows.map(({ region }) => prices.versionOf(bill.provider, region)), microUsd: isKnown ? sums : undefined }
}

function showDrift (metrics: LedgerMetrics, { provider, day, microUsd }: PricedBill, estimate: bigint, nowMs: number): void {
  const label = day === dayOf(nowMs) ? 'today' : day === dayOf(nowMs - DAY_MS) ? 'yesterday' : undefined
  if (label === undefined) return
  const billed = microUsd?.get(ALL_APPS)
  metrics.estimated.set({ provider, day: label }, Number(estimate) / 1e6)
  if (billed !== undefined) metrics.billed.set({ provider, day: label }, Number(billed) / 1e6)
  else metrics.billed.remove({ provider, day: label })
  // of nothing estimated there is no ratio, and a wrong one would alarm
  if (billed !== undefined && estimate > 0n) metrics.drift.set({ provider, day: label }, Number(billed) / Number(estimate))
  else metrics.drift.remove({ provider, day: label })
}

/** From the first day to read up to now, as the clients of the providers take it. */
export const rangeOf = (days: readonly string[], nowMs: number) =>
  ({ fromMs: spanOf(days[0] ?? dayOf(nowMs)).startMs, toMs: Math.floor(nowMs / 60_000) * 60_000, from: isoDay(days[0]), to: isoDay(days.at(-1)) })

const isoDay = (day = ''): string => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`
