import { runbook } from '../kit/links.ts'
import { NODES_A_MONTH, PROJECTED_MONTH, spent, TWILIO_PRICE } from '../kit/money.ts'
import { stat } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NEUTRAL } from '../kit/scales.ts'
import { shared } from '../kit/select.ts'

const small = { width: 4, height: 4 }
const usd = { unit: 'currencyUSD', decimals: 2 } as const
const BYTES_THIS_MONTH = `sum(${shared('relay_bytes_month', 'provider, region, direction')})`
const AT_TWILIO = `${BYTES_THIS_MONTH} / 1e9 * ${TWILIO_PRICE}`
const COST_THIS_MONTH = `sum(${shared('cost_month_usd', 'provider, region')})`

export const totals: RowSpec = {
  id: 100,
  title: 'How much is it?',
  panels: [
    stat({ id: 101, title: 'Spent today', ...small, ...usd, asks: 'What have paid providers cost since midnight UTC, as it counts against the budgets?', queries: [{ expr: spent('day'), legend: 'today' }], thresholds: NEUTRAL }),
    stat({ id: 102, title: 'Spent this month', ...small, ...usd, asks: 'What have paid providers cost since the first of the month, UTC?', queries: [{ expr: spent('month'), legend: 'month' }], thresholds: NEUTRAL }),
    stat({
      id: 103,
      title: 'By the end of the month',
      ...small,
      ...usd,
      links: [runbook('BudgetBurn')],
      asks: 'What will paid providers have cost by the end of the month, if it goes on at the pace of this month, or of the last 24 hours where that is faster?',
      queries: [{ expr: PROJECTED_MONTH, legend: 'projected' }],
      thresholds: NEUTRAL
    }),
    stat({
      id: 104,
      title: 'Own nodes, a month',
      ...small,
      ...usd,
      noValue: 'no price',
      asks: 'What do the nodes there are now cost a month, whatever they relay? Only where the rate card has a usdPerNodeMonth for their region.',
      queries: [{ expr: NODES_A_MONTH, legend: 'nodes' }],
      thresholds: NEUTRAL
    }),
    stat({
      id: 105,
      title: 'The same bytes at Twilio',
      ...small,
      ...usd,
      asks: 'What would all bytes of this month have cost at Twilio? Both directions, at the cheapest of its prices on the rate card, so this is the least.',
      queries: [{ expr: AT_TWILIO, legend: 'at Twilio' }],
      thresholds: NEUTRAL
    }),
    stat({
      id: 106,
      title: 'Saved this month',
      ...small,
      ...usd,
      noValue: 'unknown',
      asks: 'What has running own relays saved against Twilio so far? What it would have been there, less what bytes and nodes cost here. Below zero: Twilio would be cheaper.',
      queries: [{ expr: `${AT_TWILIO} - (${COST_THIS_MONTH} or vector(0)) - (${NODES_A_MONTH} or vector(0)) * (day_of_month() / days_in_month())`, legend: 'saved' }],
      thresholds: [[null, 'red'], [0, 'green']]
    })
  ]
}
