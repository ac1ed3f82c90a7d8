import { runbook } from '../kit/links.ts'

import { barGauge, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NEUTRAL, PROVIDER_COLOURS } from '../kit/scales.ts'
import { increase, rate } from '../kit/select.ts'

export const spill: RowSpec = {
  id: 400,
  title: 'What spills, and why?',
  panels: [
    timeSeries({
      id: 401,
      title: 'Share that spills',
      width: 8,
      height: 8,
      unit: 'percentunit',
      min: 0,
      max: 1,
      asks: 'Which share of credentials does the own fleet not serve, by who does in its place?',
      queries: [{ expr: `${rate('credentials_issued_total', 'provider', 'app=~"$app"', 'provider!="coturn"')} / on () group_left () (${rate('credentials_issued_total', '', 'app=~"$app"')} > 0)`, legend: '{{provider}}' }],
      overrides: PROVIDER_COLOURS,
      links: [runbook('SpillShareHigh')]
    }),
    timeSeries({
      id: 402,
      title: 'Why each provider serves',
      width: 8,
      height: 8,
      unit: 'reqps',
      min: 0,
      asks: 'For which reason does each provider serve? healthy: the fleet has room; saturated: it is fuller than it shall be; no_room: it is full and nobody else could; fallback: in place of the fleet; last_resort: STUN alone.',
      queries: [{ expr: rate('credentials_issued_total', 'provider, reason', 'app=~"$app"'), legend: '{{provider}}: {{reason}}' }]
    }),
    timeSeries({
      id: 403,
      title: 'Asked of the budget',
      width: 8,
      height: 8,
      unit: 'reqps',
      min: 0,
      asks: 'Is spilling held back by money? denied: no budget; local: issued on the allowance of a Redis outage; failed: set aside, but the provider did not serve.',
      queries: [{ expr: `${rate('paid_reservations_total', 'provider, outcome')} > 0`, legend: '{{provider}}: {{outcome}}' }],
      noValue: 'nothing was asked'
    }),
    barGauge({
      id: 404,
      title: 'Credentials by provider',
      width: 24,
      height: 4,
      unit: 'locale',
      decimals: 0,
      min: 0,
      asks: 'How many credentials did each provider serve in the time that is shown?',
      queries: [{ expr: increase('credentials_issued_total', 'provider', 'app=~"$app"'), legend: '{{provider}}', instant: true }],
      thresholds: NEUTRAL
    })
  ]
}
