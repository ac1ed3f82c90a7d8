import { barGauge, table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NEUTRAL, PROVIDER_COLOURS } from '../kit/scales.ts'
import { rate, shared } from '../kit/select.ts'

const half = { width: 12, height: 8 }
const usd = { unit: 'currencyUSD', decimals: 2 } as const
/** What a provider bills and what we expected of it are the same bytes: one of the two. */
const ONCE = 'basis!="provider"'

export const where: RowSpec = {
  id: 300,
  title: 'Where does it go?',
  panels: [
    timeSeries({
      id: 301,
      title: 'Cost of the last hour',
      ...half,
      unit: 'currencyUSD',
      min: 0,
      asks: 'What did the last hour cost, at each time, by provider and region, at list prices? At midnight UTC it begins anew.',
      queries: [{ expr: `clamp_min(sum by (provider, region) (max by (app, provider, region, basis) (delta(spillway_cost_today_usd{job=~"$job", app=~"$app", ${ONCE}}[1h]))), 0)`, legend: '{{provider}} {{region}}' }],
      overrides: PROVIDER_COLOURS
    }),
    timeSeries({
      id: 302,
      title: 'Bytes by provider and region',
      ...half,
      unit: 'bps',
      min: 0,
      stacked: true,
      asks: 'Who relays the traffic, and where? Both directions together, as booked; of paid providers it is expected, not measured.',
      queries: [{ expr: `8 * ${rate('relay_bytes_total', 'provider, region', 'app=~"$app"')}`, legend: '{{provider}} {{region}}' }],
      overrides: PROVIDER_COLOURS
    }),
    table({
      id: 303,
      title: 'This month by provider and region',
      ...half,
      unit: 'none',
      sortBy: 'Cost',
      asks: 'What did each provider relay this month, where, and what did that cost at list prices? No cost: nobody has said what the bytes cost.',
      queries: [
        { expr: shared('relay_bytes_month', 'provider, region', 'direction="in"'), legend: 'in' },
        { expr: shared('relay_bytes_month', 'provider, region', 'direction="out"'), legend: 'out' },
        { expr: shared('cost_month_usd', 'provider, region'), legend: 'cost' }
      ],
      columns: { provider: 'Provider', region: 'Region', in: 'In', out: 'Out', cost: 'Cost' },
      overrides: [{ name: 'In', unit: 'decbytes' }, { name: 'Out', unit: 'decbytes' }, { name: 'Cost', ...usd }]
    }),
    barGauge({
      id: 304,
      title: 'Dearest apps today',
      width: 6,
      height: 8,
      ...usd,
      min: 0,
      noValue: 'nothing',
      asks: 'Which ten apps cost the most since midnight UTC, own relays at their price on the rate card included?',
      queries: [{ expr: `topk(10, sum by (app) (${shared('cost_today_usd', 'app, provider, region, basis', 'app=~"$app"', ONCE)}))`, legend: '{{app}}', instant: true }],
      thresholds: NEUTRAL
    }),
    barGauge({
      id: 305,
      title: 'Apps that relayed most today',
      width: 6,
      height: 8,
      unit: 'decbytes',
      min: 0,
      noValue: 'nothing',
      asks: 'Which ten apps relayed the most since midnight UTC, both directions, all providers?',
      queries: [{ expr: `topk(10, sum by (app) (${shared('relay_bytes_today', 'app, provider, region, direction, basis', 'app=~"$app"', ONCE)}))`, legend: '{{app}}', instant: true }],
      thresholds: NEUTRAL
    })
  ]
}
