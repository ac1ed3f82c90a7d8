import type { Metrics } from '../runtime/metrics.ts'
import { createRedisMetrics } from '../runtime/watch-redis.ts'
import { createFleetMetrics } from './fleet-metrics.ts'
import { createProviderMetrics } from './provider-metrics.ts'
import { createRequestMetrics } from './request-metrics.ts'

/** All metrics of a control plane. */
export function createControlPlaneMetrics (metrics: Metrics) {
  return {
    ...createRequestMetrics(metrics),
    ...createFleetMetrics(metrics),
    providers: createProviderMetrics(metrics),
    masterKeyRotating: metrics.gauge('master_key_rotating', '1 while there is another master key beside the current one.'),
    watchRedis: createRedisMetrics(metrics, ['central'])
  }
}
export type ControlPlaneMetrics = ReturnType<typeof createControlPlaneMetrics>
