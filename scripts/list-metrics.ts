import { createControlPlaneMetrics } from '../services/control-plane/metrics.ts'
import { createLedgerMetrics } from '../services/ledger/ledger-metrics.ts'
import { createProberMetrics } from '../services/prober/prober-metrics.ts'
import { createAgentMetrics } from '../services/relay-agent/agent-metrics.ts'
import { createMetrics } from '../services/runtime/metrics.ts'
import type { DescribedMetric, Metrics } from '../services/runtime/metrics.ts'

/** One function a process, that makes all its metrics: what each process itself calls as it starts. */
const PROCESSES: Record<string, (metrics: Metrics) => unknown> = {
  'control-plane': createControlPlaneMetrics,
  ledger: createLedgerMetrics,
  prober: createProberMetrics,
  'relay-agent': createAgentMetrics
}

export interface ListedMetric extends DescribedMetric {
  process: string
}

/** Every metric of every process, out of the registries themselves; `labels` in the order they are written. */
export function listMetrics (): ListedMetric[] {
  return Object.entries(PROCESSES).flatMap(([process, create]) => {
    const metrics = createMetrics(process, '0')
    create(metrics)
    return metrics.describe().map(metric => ({ process, ...metric }))
  })
}

if (import.meta.main) {
  for (const { process: owner, name, type, labels } of listMetrics()) console.log([owner, name, type, labels.join(',')].join('\t'))
}
