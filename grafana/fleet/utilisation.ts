import { runbook } from '../kit/links.ts'
import { timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { LOAD } from '../kit/scales.ts'
import { NODES, shared } from '../kit/select.ts'

const third = { width: 8, height: 8 }

export const utilisation: RowSpec = {
  id: 200,
  title: 'Utilisation: how much of it is used?',
  panels: [
    timeSeries({
      id: 201,
      title: 'Load',
      ...third,
      unit: 'percentunit',
      min: 0,
      lines: true,
      legend: 'table',
      asks: 'How full is each node, by bits or by sessions, whichever is more? From 90 % on it takes nobody new, until it is back at 75 %.',
      queries: [{ expr: shared('node_load_ratio', 'node', ...NODES), legend: '{{node}}' }],
      softMax: 1,
      thresholds: LOAD,
      links: [runbook('NodeSaturated')]
    }),
    timeSeries({
      id: 202,
      title: 'Relayed, of the capacity',
      ...third,
      unit: 'bps',
      min: 0,
      asks: 'What do the chosen nodes carry together, and what could they? A fleet that runs near its capacity at its daily peak needs a node more.',
      queries: [
        { expr: `sum by (region) (${shared('node_relay_bits_per_second', 'node, region', ...NODES)})`, legend: '{{region}}' },
        { expr: `sum(${shared('node_capacity_bits_per_second', 'node, region', ...NODES)})`, legend: 'capacity' }
      ],
      overrides: [{ name: 'capacity', colour: 'red', dashed: true }]
    }),
    timeSeries({
      id: 203,
      title: 'Relayed by node',
      ...third,
      unit: 'bps',
      min: 0,
      legend: 'table',
      asks: 'What does each node carry now, as its agent measures it?',
      queries: [{ expr: shared('node_relay_bits_per_second', 'node', ...NODES), legend: '{{node}}' }]
    }),
    timeSeries({
      id: 204,
      title: 'Sessions, of those a node may hold',
      ...third,
      unit: 'percentunit',
      min: 0,
      lines: true,
      asks: 'Is a node short of places rather than of bandwidth? Alive allocations over SPILLWAY_NODE_MAX_ALLOCATIONS.',
      queries: [{ expr: `${shared('node_sessions', 'node', ...NODES)} / ${shared('node_max_allocations', 'node', ...NODES)}`, legend: '{{node}}' }],
      thresholds: LOAD
    }),
    timeSeries({
      id: 205,
      title: 'On the network interface',
      ...third,
      unit: 'bps',
      min: 0,
      asks: 'Does something else use the line of a node? What its interface sends, against what the relay sends; IP and UDP headers are in the first only.',
      queries: [
        { expr: shared('node_interface_bits_per_second', 'node', ...NODES), legend: '{{node}} interface' },
        { expr: shared('node_relay_bits_per_second', 'node', ...NODES), legend: '{{node}} relay' }
      ]
    }),
    timeSeries({
      id: 206,
      title: 'Promised, not yet seen',
      ...third,
      unit: 'short',
      decimals: 1,
      min: 0,
      asks: 'How many allocations are expected of credentials that were issued a moment ago? They count as load until heartbeats show them, so that a burst overbooks no node.',
      queries: [{ expr: shared('node_promised_allocations', 'node', ...NODES), legend: '{{node}}' }]
    })
  ]
}
