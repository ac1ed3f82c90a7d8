import { ALL_APPS, BUDGET_PERIODS, periodOf } from '../domain/budget.ts'
import { BYTES_A_GIGABYTE } from '../domain/money.ts'
import { priceBytes } from '../domain/rate-card.ts'
import { basisOf, dayOf } from '../domain/usage.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { readAllSpend, readBudgets } from '../store/budgets.ts'
import type { Redis } from '../store/connect.ts'
import { readPrices } from '../store/prices.ts'
import { readLedgerDay } from '../store/usage-ledger.ts'

/** Series stay few: apps beyond these share one label. */
const MAX_APP_LABELS = 200

/**
 * What is spent and what may be, as gauges. They are read from the ledger, not counted here, so every ledger shows the same
 * and a restart loses nothing; by `max by`, never summed over ledgers.
 */
export function createMoneyMetrics (metrics: Metrics) {
  const spend = metrics.gauge('spend_usd', 'Spent on paid providers in this day or month (UTC), as it stands against the budgets; _all: of all apps together.', ['app', 'period'])
  const budget = metrics.gauge('budget_usd', 'What may be spent in it; absent where there is no cap.', ['app', 'period', 'action'])
  const cost = metrics.gauge('cost_today_usd', 'What the bytes of this day (UTC) cost at list prices; bytes without a known price are left out.', ['app', 'provider', 'region', 'basis'])
  const unpriced = metrics.gauge('unpriced_bytes_today', 'Bytes of this day (UTC) whose price nobody has said.', ['provider', 'region'])
  const apps = new Set<string>()
  const labelOf = (app: string): string => {
    if (app === ALL_APPS) return '_all'
    if (apps.size < MAX_APP_LABELS) apps.add(app)
    return apps.has(app) ? app : '_other'
  }

  /** Reads all of it; for once a minute, as the rows of a day may be many. */
  return async (redis: Redis, nowMs: number): Promise<void> => {
    const [budgets, [day, month], { versions }, rows] = await Promise.all([
      readBudgets(redis),
      Promise.all(BUDGET_PERIODS.map(async period => await readAllSpend(redis, periodOf(period, nowMs)))),
      readPrices(redis),
      readLedgerDay(redis, dayOf(nowMs))
    ])
    for (const gauge of [spend, budget, cost, unpriced]) gauge.reset()
    for (const [period, spent] of [['day', day], ['month', month]] as const) {
      for (const [scope, amount] of spent ?? []) spend.inc({ app: labelOf(scope), period }, Number(amount) / 1e6)
    }
    for (const [scope, { dayMicroUsd, monthMicroUsd, action }] of budgets) {
      // a budget beyond the labels would be a sum nobody can pass
      if (labelOf(scope) === '_other') continue
      if (dayMicroUsd !== null) budget.set({ app: labelOf(scope), period: 'day', action }, Number(dayMicroUsd) / 1e6)
      if (monthMicroUsd !== null) budget.set({ app: labelOf(scope), period: 'month', action }, Number(monthMicroUsd) / 1e6)
    }
    for (const row of rows) {
      const { app, provider, region, priceVersion } = row.key
      const price = versions.get(priceVersion)
      const exact = row.billedMicroUsd === undefined ? price && priceBytes(price, row) : row.billedMicroUsd * BYTES_A_GIGABYTE
      if (exact === undefined) unpriced.inc({ provider, region }, row.bytesIn + row.bytesOut)
      else cost.inc({ app: labelOf(app), provider, region, basis: basisOf(row.key) }, Number(exact) / 1e15)
    }
  }
}
