import { runbook } from '../kit/links.ts'
import { table } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { LOAD, NODE_STATES, YES_IS_GOOD } from '../kit/scales.ts'
import { NODES, shared } from '../kit/select.ts'

export const inventory: RowSpec = {
  id: 100,
  title: 'Nodes',
  panels: [
    table({
      id: 101,
      title: 'Nodes',
      width: 24,
      height: 8,
      unit: 'none',
      sortBy: 'Load',
      asks: 'What is each node, and in which state? Share is its part of new sessions among its peers, from 0 (gets none) to 1; a node that is new or healed begins with a tenth.',
      queries: [
        { expr: `${shared('node_state', 'node, state', 'node=~"$node"')} == 1 and on (node) ${shared('node_load_ratio', 'node', ...NODES)}`, legend: 'is' },
        { expr: shared('node_load_ratio', 'node, region', ...NODES), legend: 'load' },
        { expr: shared('node_share', 'node, region', ...NODES), legend: 'share' },
        { expr: shared('node_sessions', 'node, region', ...NODES), legend: 'sessions' },
        { expr: shared('node_admitting', 'node, region', ...NODES), legend: 'admitting' },
        { expr: shared('node_coturn_up', 'node, region', ...NODES), legend: 'coturn' },
        { expr: `time() - ${shared('node_last_seen_timestamp_seconds', 'node, region', ...NODES)}`, legend: 'seen' },
        { expr: shared('node_info', 'node, region, coturn_version', ...NODES), legend: 'info' }
      ],
      columns: { node: 'Node', region: 'Region', state: 'State', load: 'Load', share: 'Share', sessions: 'Sessions', admitting: 'Admits', coturn: 'coturn answers', seen: 'Heartbeat', coturn_version: 'Version' },
      overrides: [
        { name: 'State', mappings: NODE_STATES, cell: 'background', width: 110 },
        { name: 'Load', unit: 'percentunit', decimals: 0, thresholds: LOAD, cell: 'bar', max: 1 },
        { name: 'Share', unit: 'percentunit', decimals: 0 }, { name: 'Sessions', unit: 'short', decimals: 0 },
        { name: 'Admits', mappings: YES_IS_GOOD }, { name: 'coturn answers', mappings: YES_IS_GOOD, cell: 'background' },
        // three heartbeats of five seconds
        { name: 'Heartbeat', unit: 's', decimals: 0, thresholds: [[null, 'green'], [15, 'red']], cell: 'background' }
      ],
      links: [runbook('NodeDown')]
    })
  ]
}
