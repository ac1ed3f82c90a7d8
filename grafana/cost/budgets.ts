import { runbook } from '../kit/links.ts'
import { budget, PROJECTED_MONTH, spent } from '../kit/money.ts'
import { table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { BUDGET } from '../kit/scales.ts'
import { select, shared } from '../kit/select.ts'

const half = { width: 12, height: 8 }
const usd = { unit: 'currencyUSD', decimals: 2 } as const

export const budgets: RowSpec = {
  id: 200,
  title: 'Does it stay within the budgets?',
  panels: [
    timeSeries({
      id: 201,
      title: 'This month',
      ...half,
      unit: 'currencyUSD',
      min: 0,
      asks: 'Will the month stay within its budget? Where the projection crosses the budget, spilling will end before the month does.',
      queries: [
        { expr: spent('month'), legend: 'spent' },
        { expr: PROJECTED_MONTH, legend: 'by the end of the month' },
        { expr: budget('month'), legend: 'budget' }
      ],
      overrides: [{ name: 'budget', colour: 'red', dashed: true }, { name: 'by the end of the month', dashed: true }],
      links: [runbook('BudgetBurn')]
    }),
    table({
      id: 202,
      title: 'Budgets',
      ...half,
      unit: 'none',
      sortBy: 'Used',
      asks: 'How much of each budget is used up? _all: of all apps together. deny-spill: at the cap there is no paid credential until the next day or month; warn: it is told and goes on.',
      queries: [
        { expr: shared('budget_usd', 'app, period, action', 'app=~"$app|_all"'), legend: 'budget' },
        { expr: `${shared('spend_usd', 'app, period', 'app=~"$app|_all"')} and on (app, period) ${select('budget_usd')}`, legend: 'spent' },
        { expr: `${shared('spend_usd', 'app, period', 'app=~"$app|_all"')} / on (app, period) ${shared('budget_usd', 'app, period', 'app=~"$app|_all"')}`, legend: 'used' }
      ],
      columns: { app: 'App', period: 'Period', action: 'At the cap', spent: 'Spent', budget: 'Budget', used: 'Used' },
      overrides: [
        { name: 'Spent', ...usd }, { name: 'Budget', ...usd },
        { name: 'Used', unit: 'percentunit', decimals: 0, max: 1, thresholds: BUDGET, cell: 'bar' }
      ],
      links: [runbook('BudgetBurn')]
    })
  ]
}
