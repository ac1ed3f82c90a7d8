import type { Metrics } from '../runtime/metrics.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'

/** Series stay few: apps beyond these share one label. */
const MAX_APP_LABELS = 200
/** From a bare in-memory answer to a provider that takes its whole deadline. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * A counter of what happens a thousand times a second: each series a plain number, found by its labels one after the
 * other and handed over when somebody looks.
 */
function tally<First extends string, Second extends string, Third extends string> (metrics: Metrics, name: string, help: string, labelNames: readonly [First, Second, Third]) {
  const [first, second, third] = labelNames
  const counts = new Map<string, Map<string, Map<string | number, { count: number }>>>()
  metrics.counter(name, help, labelNames, counter => {
    for (const [a, seconds] of counts) {
      for (const [b, thirds] of seconds) {
        for (const [c, series] of thirds) {
          counter.inc({ [first]: a, [second]: b, [third]: c } as Record<First | Second | Third, string | number>, series.count)
          series.count = 0
        }
      }
    }
  })
  return (a: string, b: string, c: string | number): void => {
    const series = counts.get(a)?.get(b)?.get(c)
    if (series) {
      series.count += 1
      return
    }
    const seconds = counts.get(a) ?? new Map<string, Map<string | number, { count: number }>>()
    const thirds = seconds.get(b) ?? new Map<string | number, { count: number }>()
    counts.set(a, seconds.set(b, thirds.set(c, { count: 1 })))
  }
}

export function createControlPlaneMetrics (metrics: Metrics) {
  const apps = new Set<string>()
  const countIssued = tally(metrics, 'credentials_issued_total', 'Credentials handed out.', ['app', 'provider', 'reason'])
  const degradedMode = metrics.gauge('degraded_mode', '1 while credentials are issued from the last snapshot because Redis does not answer, or has lost the fleet.', [])
  const snapshotGeneration = metrics.gauge('snapshot_generation', 'Grows with every snapshot.', [])
  const nodeUp = metrics.gauge('node_up', '1 where a node is up or degraded, 0 where it does not serve or is not known to.', ['node', 'region'])
  const nodeState = metrics.gauge('node_state', '1 for the state a node is in.', ['node', 'state'])
  const nodeLoad = metrics.gauge('node_load_ratio', 'Live egress of a node over its capacity, or its sessions over those it may hold: the larger.', ['node', 'region'])
  const decisionsDropped = metrics.counter('decisions_dropped_total', 'Records of issued credentials given up because Redis was away for too long.', [])
  degradedMode.set(0)
  return {
    countRequest: tally(metrics, 'http_requests_total', 'Requests answered.', ['route', 'method', 'status']),
    duration: metrics.histogram('credential_request_duration_seconds', 'From the whole request read to the reply sent.', ['route'], DURATION_BUCKETS),
    countIssued: (id: string, provider: string, reason: string): void => {
      if (apps.size < MAX_APP_LABELS) apps.add(id)
      countIssued(apps.has(id) ? id : '_other', provider, reason)
    },
    countDecision: tally(metrics, 'decisions_total', 'Credentials by who serves them, why, and what kind of caller asked.', ['provider', 'reason', 'caller']),
    problems: metrics.counter('problems_total', 'Requests answered with a problem, by its code.', ['code']),
    decisionsDropped,
    showFleet: (snapshot: Snapshot): void => {
      degradedMode.set(snapshot.outageSinceMs === undefined ? 0 : 1)
      snapshotGeneration.set(snapshot.generation)
      nodeUp.reset()
      nodeState.reset()
      nodeLoad.reset()
      for (const { id, region, state, loadRatio } of snapshot.nodes) {
        nodeUp.set({ node: id, region }, state === 'up' || state === 'degraded' ? 1 : 0)
        nodeState.set({ node: id, state }, 1)
        nodeLoad.set({ node: id, region }, loadRatio)
      }
    }
  }
}
export type ControlPlaneMetrics = ReturnType<typeof createControlPlaneMetrics>
