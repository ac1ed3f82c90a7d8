import { toControlPlane, toCost, toFleet } from '../kit/links.ts'
import { timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { LOAD, PROVIDER_COLOURS } from '../kit/scales.ts'
import { rate, shared } from '../kit/select.ts'

const IN_REGION = 'region=~"$region"'

export const spill: RowSpec = {
  id: 300,
  title: 'Is it spilling, and why?',
  panels: [
    timeSeries({
      id: 301,
      title: 'Credentials by who serves them',
      width: 12,
      height: 8,
      unit: 'reqps',
      stacked: true,
      min: 0,
      asks: 'Who serves: the own fleet (coturn), or somebody it spilled to? All that is not coturn is a spill.',
      queries: [{ expr: rate('decisions_total', 'provider'), legend: '{{provider}}' }],
      overrides: PROVIDER_COLOURS,
      links: [toCost]
    }),
    timeSeries({
      id: 302,
      title: 'How full the nodes are',
      width: 12,
      height: 8,
      unit: 'percentunit',
      min: 0,
      lines: true,
      legend: 'table',
      asks: 'Does it spill because the fleet is full? From 90 % on a node takes nobody new, until it is back at 75 %; when all of them stand there, the next credential spills.',
      queries: [{ expr: shared('node_load_ratio', 'node', IN_REGION), legend: '{{node}}' }],
      softMax: 1,
      thresholds: LOAD,
      links: [toFleet]
    }),
    timeSeries({
      id: 303,
      title: 'Nodes that take nobody',
      width: 8,
      height: 7,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'Does it spill because nodes are missing? How many are full, drain, or do not serve for another reason.',
      queries: [
        { expr: `sum(${shared('node_saturated', 'node', IN_REGION)})`, legend: 'saturated' },
        { expr: `sum(${shared('node_draining', 'node', IN_REGION)})`, legend: 'draining' },
        { expr: `sum(${shared('node_state', 'node, state', 'state=~"down|unready|unknown"')}) or vector(0)`, legend: 'down, unready or unknown' }
      ],
      overrides: [{ name: 'saturated', colour: 'orange' }, { name: 'draining', colour: 'purple' }, { name: 'down, unready or unknown', colour: 'red' }],
      links: [toFleet]
    }),
    timeSeries({
      id: 304,
      title: 'Paid credentials refused or failed',
      width: 8,
      height: 7,
      unit: 'reqps',
      min: 0,
      asks: 'Is a spill held back, by a budget that is used up or by the provider? denied: no budget; the others are what the provider made of the request.',
      queries: [
        { expr: `${rate('paid_reservations_total', 'provider, outcome', 'outcome=~"denied|failed"')} > 0`, legend: '{{provider}} budget: {{outcome}}' },
        { expr: `${rate('upstream_requests_total', 'provider, outcome', 'outcome!="ok"')} > 0`, legend: '{{provider}}: {{outcome}}' }
      ],
      noValue: 'none',
      links: [toControlPlane]
    }),
    timeSeries({
      id: 305,
      title: 'Requests refused',
      width: 8,
      height: 7,
      unit: 'reqps',
      min: 0,
      asks: 'Who is turned away before a provider is looked for, and why? auth: wrong keys; rate_limit and quota: limits and caps of an app.',
      queries: [{ expr: rate('credentials_rejected_total', 'reason'), legend: '{{reason}}' }],
      links: [toControlPlane]
    })
  ]
}
