import { toCost, toFleet } from '../kit/links.ts'
import { table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { LOAD, NODE_STATES, PROVIDER_COLOURS } from '../kit/scales.ts'
import { rate, select, shared } from '../kit/select.ts'

const IN_REGION = 'region=~"$region"'

export const nodes: RowSpec = {
  id: 400,
  title: 'Nodes, regions, apps',
  panels: [
    table({
      id: 401,
      title: 'Nodes',
      width: 24,
      height: 7,
      unit: 'none',
      sortBy: 'Load',
      asks: 'In which state is each node, how full is it, and what does it carry now?',
      queries: [
        { expr: `${shared('node_state', 'node, state')} == 1 and on (node) ${shared('node_load_ratio', 'node', IN_REGION)}`, legend: 'is' },
        { expr: shared('node_load_ratio', 'node, region', IN_REGION), legend: 'load' },
        { expr: shared('node_sessions', 'node, region', IN_REGION), legend: 'sessions' },
        { expr: shared('node_relay_bits_per_second', 'node, region', IN_REGION), legend: 'bps' },
        { expr: shared('node_capacity_bits_per_second', 'node, region', IN_REGION), legend: 'capacity' },
        { expr: shared('node_info', 'node, region, coturn_version', IN_REGION), legend: 'info' }
      ],
      columns: { node: 'Node', region: 'Region', state: 'State', load: 'Load', sessions: 'Sessions', bps: 'Relays now', capacity: 'Capacity', coturn_version: 'coturn' },
      overrides: [
        { name: 'State', mappings: NODE_STATES, cell: 'background', width: 110 },
        { name: 'Load', unit: 'percentunit', decimals: 0, thresholds: LOAD, cell: 'bar', max: 1 },
        { name: 'Relays now', unit: 'bps' }, { name: 'Capacity', unit: 'bps' }, { name: 'Sessions', unit: 'short', decimals: 0 }
      ],
      links: [toFleet]
    }),
    timeSeries({
      id: 402,
      title: 'Own relays by region',
      width: 8,
      height: 8,
      unit: 'bps',
      min: 0,
      asks: 'Where is the load, live? Egress of the nodes as their agents measure it.',
      queries: [{ expr: `sum by (region) (${shared('node_relay_bits_per_second', 'node, region', IN_REGION)})`, legend: '{{region}}' }],
      links: [toFleet]
    }),
    timeSeries({
      id: 403,
      title: 'Booked bytes by provider',
      width: 8,
      height: 8,
      unit: 'bps',
      min: 0,
      asks: 'What was booked, by provider, both directions together? Of paid providers it is expected, not measured. coturn tells of a quiet call late.',
      queries: [{ expr: `8 * ${rate('relay_bytes_total', 'provider')}`, legend: '{{provider}}' }],
      overrides: PROVIDER_COLOURS,
      links: [toCost]
    }),
    timeSeries({
      id: 404,
      title: 'Largest apps',
      width: 8,
      height: 8,
      unit: 'bps',
      min: 0,
      asks: 'Whose calls are these? The five apps with the most booked bytes at the time.',
      queries: [{ expr: `topk(5, 8 * sum by (app) (rate(${select('relay_bytes_total')}[$__rate_interval])))`, legend: '{{app}}' }],
      links: [toCost]
    })
  ]
}
