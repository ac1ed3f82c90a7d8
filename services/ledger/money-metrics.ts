import type { Budget } from '../domain/budget.ts'
import { ALL_APPS } from '../domain/budget.ts'
import type { RateCard } from '../domain/rate-card.ts'
import { OTHER_APPS } from '../runtime/app-labels.ts'
import type { AppLabels } from '../runtime/app-labels.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { DaySums, MonthSums } from './sum-ledger.ts'
import { MAX_APP_SERIES } from './usage-metrics.ts'

/** Counted exactly, shown as a floating number: a cent of a billion is still told apart. */
const usdOf = (microUsd: bigint): number => Number(microUsd) / 1e6

/**
 * What is spent and what may be, as gauges. They are read from the ledger, not counted here, so every ledger shows the same
 * and a restart loses nothing; by `max by`, never summed over ledgers.
 */
export function createMoneyMetrics (metrics: Metrics, labelApp: AppLabels) {
  const many = { maxSeries: MAX_APP_SERIES }
  const price = metrics.gauge('price_usd_per_gigabyte', 'What 10^9 bytes cost by the rate card; direction: which bytes are billed.', ['provider', 'region', 'direction'])
  const flatPrice = metrics.gauge('price_usd_per_node_month', 'What a node costs a month by the rate card, whatever it relays.', ['region'])
  const spend = metrics.gauge('spend_usd', 'Spent on paid providers in this day or month (UTC), as it stands against the budgets; _all: of all apps together.', ['app', 'period'])
  const budget = metrics.gauge('budget_usd', 'What may be spent in it; absent where there is no cap.', ['app', 'period', 'action'])
  const costToday = metrics.gauge('cost_today_usd', 'What the bytes of this day (UTC) cost at list prices; bytes without a known price are left out. basis: measured, provider (its bill) or estimated; the last two are two words about the same bytes, never a sum.', ['app', 'provider', 'region', 'basis'], many)
  const unpriced = metrics.gauge('unpriced_bytes_today', 'Bytes of this day (UTC) whose price nobody has said.', ['provider', 'region'])
  const bytesToday = metrics.gauge('relay_bytes_today', 'Bytes of this day (UTC), exactly as the ledger has them. basis as with cost_today_usd.', ['app', 'provider', 'region', 'direction', 'basis'], many)
  const costMonth = metrics.gauge('cost_month_usd', 'What the bytes of this month (UTC) cost at list prices; of each day the bill of the provider where there is one, else our estimate.', ['provider', 'region'])
  const bytesMonth = metrics.gauge('relay_bytes_month', 'Bytes of this month (UTC), each day as with cost_month_usd.', ['provider', 'region', 'direction'])
  const labelOf = (scope: string): string => scope === ALL_APPS ? '_all' : labelApp(scope)

  return {
    showPrices ({ prices, flat }: RateCard): void {
      for (const { provider, region, bills, microUsdPerGigabyte } of prices) price.set({ provider, region, direction: bills }, Number(microUsdPerGigabyte) / 1e6)
      for (const { region, microUsdPerNodeMonth } of flat) flatPrice.set({ region }, Number(microUsdPerNodeMonth) / 1e6)
    },

    showSpend (spent: { day: ReadonlyMap<string, bigint>, month: ReadonlyMap<string, bigint> }, budgets: ReadonlyMap<string, Budget>): void {
      spend.reset()
      budget.reset()
      for (const period of ['day', 'month'] as const) {
        // of all of them there is a sum from the start: nothing spent is known, and zero
        spend.set({ app: '_all', period }, 0)
        for (const [scope, amount] of spent[period]) spend.inc({ app: labelOf(scope), period }, usdOf(amount))
      }
      for (const [scope, { dayMicroUsd, monthMicroUsd, action }] of budgets) {
        const app = labelOf(scope)
        // a budget beyond the labels would be a sum nobody can pass
        if (app === OTHER_APPS) continue
        if (dayMicroUsd !== null) budget.set({ app, period: 'day', action }, usdOf(BigInt(dayMicroUsd)))
        if (monthMicroUsd !== null) budget.set({ app, period: 'month', action }, usdOf(BigInt(monthMicroUsd)))
      }
    },

    showDay (sums: DaySums): void {
      for (const gauge of [costToday, unpriced, bytesToday]) gauge.reset()
      for (const { app, provider, region, basis, costUsd, unpricedBytes, bytesIn, bytesOut } of sums) {
        const labels = { app: labelOf(app), provider, region }
        if (costUsd !== undefined) costToday.inc({ ...labels, basis }, costUsd)
        if (unpricedBytes > 0) unpriced.inc({ provider, region }, unpricedBytes)
        bytesToday.inc({ ...labels, direction: 'in', basis }, bytesIn)
        bytesToday.inc({ ...labels, direction: 'out', basis }, bytesOut)
      }
    },

    showMonth (sums: MonthSums): void {
      costMonth.reset()
      bytesMonth.reset()
      for (const { provider, region, costUsd, bytesIn, bytesOut } of sums) {
        // where no price is known, nothing is known of the cost
        if (costUsd !== undefined) costMonth.inc({ provider, region }, costUsd)
        bytesMonth.inc({ provider, region, direction: 'in' }, bytesIn)
        bytesMonth.inc({ provider, region, direction: 'out' }, bytesOut)
      }
    }
  }
}
