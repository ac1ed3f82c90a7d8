import type { UrlHealth } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createRedisMetrics } from '../runtime/watch-redis.ts'
import { createNodeMetrics } from './node-metrics.ts'
import { createProbeMetrics } from './probe-metrics.ts'

/** All metrics of a prober: the fleet as it has found it, and as the agents tell of it. */
export function createProberMetrics (metrics: Metrics) {
  const probes = createProbeMetrics(metrics)
  const nodes = createNodeMetrics(metrics)
  return {
    reaches: probes.reaches,
    countProbe: probes.countProbe,
    hear: nodes.hear,
    showFleet (facts: readonly NodeFacts[], healthOf: (node: string) => Iterable<UrlHealth>, nowMs: number): void {
      probes.showProbes(facts, healthOf)
      nodes.showNodes(facts, nowMs)
    },
    watchRedis: createRedisMetrics(metrics, ['central'])
  }
}
