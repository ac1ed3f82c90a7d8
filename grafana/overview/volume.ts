import { toCost, toFleet } from '../kit/links.ts'
import { budget, FULLEST_BUDGET, PROJECTED_MONTH, spent } from '../kit/money.ts'
import { barGauge, stat } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { BUDGET, NEUTRAL } from '../kit/scales.ts'
import { shared } from '../kit/select.ts'

const IN_REGION = 'region=~"$region"'
const small = { width: 4, height: 4 }

export const volume: RowSpec = {
  id: 200,
  title: 'What does it carry, and what does it cost?',
  panels: [
    stat({
      id: 201,
      title: 'Relayed now',
      ...small,
      unit: 'bps',
      sparkline: true,
      asks: 'How much do the own relays carry at this moment, as their agents measure it live?',
      queries: [{ expr: `sum(${shared('node_relay_bits_per_second', 'node, region', IN_REGION)})`, legend: 'egress' }],
      thresholds: NEUTRAL,
      links: [toFleet]
    }),
    stat({
      id: 202,
      title: 'Sessions',
      ...small,
      unit: 'short',
      decimals: 0,
      sparkline: true,
      asks: 'How many allocations are alive on the own relays? A browser opens up to one for each URL it is given.',
      queries: [{ expr: `sum(${shared('node_sessions', 'node, region', IN_REGION)})`, legend: 'sessions' }],
      thresholds: NEUTRAL,
      links: [toFleet]
    }),
    stat({
      id: 203,
      title: 'Spent today',
      ...small,
      unit: 'currencyUSD',
      decimals: 2,
      asks: 'What have paid providers cost since midnight UTC, as it counts against the budgets?',
      queries: [{ expr: spent('day'), legend: 'today' }],
      thresholds: NEUTRAL,
      links: [toCost]
    }),
    stat({
      id: 204,
      title: 'Spent this month',
      ...small,
      unit: 'currencyUSD',
      decimals: 2,
      asks: 'What have paid providers cost since the first of the month, UTC?',
      queries: [{ expr: spent('month'), legend: 'month' }],
      thresholds: NEUTRAL,
      links: [toCost]
    }),
    stat({
      id: 205,
      title: 'By the end of the month',
      ...small,
      unit: 'currencyUSD',
      decimals: 2,
      asks: 'What will paid providers have cost by the end of the month, if it goes on at the pace of this month, or of the last 24 hours where that is faster?',
      queries: [{ expr: PROJECTED_MONTH, legend: 'projected' }],
      thresholds: NEUTRAL,
      links: [toCost]
    }),
    barGauge({
      id: 206,
      title: 'Budget used',
      ...small,
      unit: 'percentunit',
      decimals: 0,
      min: 0,
      max: 1,
      noValue: 'no budget',
      asks: 'How much of the budgets of all apps together is used up, and of the fullest one of a single app? At 100 % it spills no more to a paid provider until the next day or month, where the budget denies.',
      queries: [
        { expr: `${spent('day')} / ${budget('day')}`, legend: 'day' },
        { expr: `${spent('month')} / ${budget('month')}`, legend: 'month' },
        { expr: FULLEST_BUDGET, legend: 'fullest app' }
      ],
      thresholds: BUDGET,
      links: [toCost]
    })
  ]
}
