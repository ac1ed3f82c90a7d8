import { BUDGET_PERIODS, periodOf } from '../domain/budget.ts'
import { DAY_MS, dayOf } from '../domain/usage.ts'
import { readAllSpend, readBudgets } from '../store/budgets.ts'
import type { Redis } from '../store/connect.ts'
import { readPrices } from '../store/prices.ts'
import { readLedgerDay } from '../store/usage-ledger.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'
import { sumDay, sumDayForMonth } from './sum-ledger.ts'
import type { MonthSums } from './sum-ledger.ts'

/** The days of a month (UTC) up to this one, yyyymmdd. */
function daysUpTo (nowMs: number): string[] {
  const days: string[] = []
  for (let atMs = nowMs; days.length === 0 || dayOf(atMs).slice(0, 6) === days[0]?.slice(0, 6); atMs -= DAY_MS) days.unshift(dayOf(atMs))
  return days
}

/**
 * Reads out of the ledger what the gauges of money and bytes show. The rows of a month may be very many: today is read
 * each time, and of the days before it one, so that a late word or a bill shows within half an hour. Until each has been
 * read once, nothing is said of the month.
 */
export function createMoneyReader (redis: Redis, metrics: Pick<LedgerMetrics, 'showSpend' | 'showDay' | 'showMonth' | 'expectBytes'>) {
  const ofDays = new Map<string, MonthSums>()
  let last = ''

  /** The first of the month that was never read, else the one behind the last. */
  function pickDay (before: readonly string[]): string | undefined {
    return before.find(day => !ofDays.has(day)) ?? before.find(day => day > last) ?? before[0]
  }

  return async (nowMs: number): Promise<void> => {
    const today = dayOf(nowMs)
    const [budgets, [day, month], { versions }, rows] = await Promise.all([
      readBudgets(redis),
      Promise.all(BUDGET_PERIODS.map(async period => await readAllSpend(redis, periodOf(period, nowMs)))),
      readPrices(redis),
      readLedgerDay(redis, today)
    ])
    metrics.showSpend({ day: day ?? new Map(), month: month ?? new Map() }, budgets)
    const sums = sumDay(rows, versions)
    metrics.showDay(sums)
    for (const { app, provider, region, basis } of sums) if (basis !== 'provider') metrics.expectBytes(app, provider, region)

    const days = daysUpTo(nowMs)
    for (const known of ofDays.keys()) if (!days.includes(known)) ofDays.delete(known)
    ofDays.set(today, sumDayForMonth(rows, versions))
    do {
      const picked = pickDay(days.filter(day => day !== today))
      if (picked === undefined) break
      ofDays.set(picked, sumDayForMonth(await readLedgerDay(redis, picked), versions))
      last = picked
    } while (days.some(day => !ofDays.has(day)))
    metrics.showMonth([...ofDays.values()].flat())
  }
}
