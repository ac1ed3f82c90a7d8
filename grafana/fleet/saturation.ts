import { runbook } from '../kit/links.ts'
import { timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { USAGE_LAG } from '../kit/scales.ts'
import { NODES, shared } from '../kit/select.ts'

const third = { width: 8, height: 8 }

export const saturation: RowSpec = {
  id: 300,
  title: 'Saturation: what waits, what is turned away?',
  panels: [
    timeSeries({
      id: 301,
      title: 'Saturated and draining',
      ...third,
      unit: 'bool_yes_no',
      min: 0,
      max: 1,
      asks: 'Which nodes were taken out of new sessions, and when: full, or drained by an operator?',
      queries: [
        { expr: `${shared('node_saturated', 'node', ...NODES)} > 0`, legend: '{{node}} saturated' },
        { expr: `${shared('node_draining', 'node', ...NODES)} > 0`, legend: '{{node}} draining' }
      ]
    }),
    timeSeries({
      id: 302,
      title: 'Usage that waits',
      ...third,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'Is usage piling up, on the node (outbox) or before the ledger (stream)? A batch leaves the outbox a minute after it was applied, so some always wait there.',
      queries: [
        { expr: shared('node_outbox_batches', 'node', ...NODES), legend: '{{node}} outbox' },
        { expr: shared('usage_pending_batches', 'node', 'node=~"$node"'), legend: '{{node}} stream' }
      ],
      links: [runbook('UsageLag')]
    }),
    timeSeries({
      id: 303,
      title: 'Accounting behind by',
      ...third,
      unit: 's',
      min: 0,
      lines: true,
      asks: 'How old is what the ledger booked last of each node? Beyond a minute, caps and budgets are judged by what was.',
      queries: [{ expr: shared('usage_lag_seconds', 'node', 'node=~"$node"'), legend: '{{node}}' }],
      thresholds: USAGE_LAG,
      links: [runbook('UsageLag')]
    })
  ]
}
