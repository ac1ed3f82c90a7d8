import type { Metrics } from '../runtime/metrics.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'

/** Series stay few: apps beyond these share one label. */
const MAX_APP_LABELS = 200
/** From a bare in-memory answer to a provider that takes its whole deadline. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** The series of a counter by a name for their labels: what counts every request looks labels up once, not each time. */
function seriesOf<Labels extends Record<string, string | number>> (counter: { labels: (labels: Labels) => { inc: () => void } }) {
  const series = new Map<string, { inc: () => void }>()
  return (name: string, labels: Labels): { inc: () => void } => {
    let one = series.get(name)
    if (!one) series.set(name, one = counter.labels(labels))
    return one
  }
}

export function createControlPlaneMetrics (metrics: Metrics) {
  const apps = new Set<string>()
  const issuedOf = seriesOf(metrics.counter('credentials_issued_total', 'Credentials handed out.', ['app', 'provider', 'reason']))
  const requestsOf = seriesOf(metrics.counter('http_requests_total', 'Requests answered.', ['route', 'method', 'status']))
  const degradedMode = metrics.gauge('degraded_mode', '1 while credentials are issued from the last snapshot because Redis does not answer.', [])
  const snapshotGeneration = metrics.gauge('snapshot_generation', 'Grows with every snapshot.', [])
  const nodeUp = metrics.gauge('node_up', '1 where a node is up, 0 where it is not or not known to be.', ['node', 'region'])
  const nodeLoad = metrics.gauge('node_load_ratio', 'Live egress of a node over its capacity.', ['node', 'region'])
  const decisionsDropped = metrics.counter('decisions_dropped_total', 'Records of issued credentials given up because Redis was away for too long.', [])
  degradedMode.set(0)
  return {
    countRequest: (route: string, method: string, status: number): void => { requestsOf(`${method} ${status} ${route}`, { route, method, status }).inc() },
    duration: metrics.histogram('credential_request_duration_seconds', 'From the whole request read to the reply sent.', ['route'], DURATION_BUCKETS),
    countIssued: (id: string, provider: string, reason: string): void => {
      if (apps.size < MAX_APP_LABELS) apps.add(id)
      const app = apps.has(id) ? id : '_other'
      issuedOf(`${app} ${provider} ${reason}`, { app, provider, reason }).inc()
    },
    problems: metrics.counter('problems_total', 'Requests answered with a problem, by its code.', ['code']),
    decisionsDropped,
    showFleet: (snapshot: Snapshot): void => {
      degradedMode.set(snapshot.outageSinceMs === undefined ? 0 : 1)
      snapshotGeneration.set(snapshot.generation)
      nodeUp.reset()
      nodeLoad.reset()
      for (const { id, region, state, loadRatio } of snapshot.nodes) {
        nodeUp.set({ node: id, region }, state === 'up' ? 1 : 0)
        nodeLoad.set({ node: id, region }, loadRatio)
      }
    }
  }
}
export type ControlPlaneMetrics = ReturnType<typeof createControlPlaneMetrics>
