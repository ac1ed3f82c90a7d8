import type { Promised } from '../policy/keep-promises.ts'
import type { Snapshot } from '../policy/next-snapshot.ts'
import { gaugeOfNodes, MAX_NODE_SERIES } from '../runtime/metrics.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** The fleet as this control plane decides on it. Every replica shows the same, but for what it has seen itself. */
export function createFleetMetrics (metrics: Metrics) {
  const degradedMode = metrics.gauge('degraded_mode', '1 while credentials are issued from the last snapshot because Redis does not answer, or has lost the fleet.')
  const generation = metrics.gauge('snapshot_generation', 'Grows with every snapshot.')
  const age = metrics.gauge('snapshot_age_seconds', 'Since Redis was last read whole; absent before the first time.')
  const ofNode = (name: string, help: string) => gaugeOfNodes(metrics, name, help)
  const state = metrics.gauge('node_state', '1 for the state a node is in.', ['node', 'state'], { maxSeries: MAX_NODE_SERIES })
  const up = ofNode('node_up', '1 where a node is up or degraded, 0 where it does not serve or is not known to.')
  const load = ofNode('node_load_ratio', 'Live egress of a node over its capacity, or its sessions over those it may hold: the larger.')
  const saturated = ofNode('node_saturated', '1 where other nodes come first because this one is full; with hysteresis.')
  const share = ofNode('node_share', 'Of the new sessions it would get, while it starts slowly: grows to 1; 0 where it does not serve.')
  const draining = ofNode('node_draining', '1 where an operator wants no new sessions on it.')
  const promised = ofNode('node_promised_allocations', 'Allocations that credentials were handed out for, by all control planes, and that its heartbeat cannot tell of yet.')
  const skew = ofNode('node_clock_skew_seconds', 'Clock of the node less ours; absent before a heartbeat was seen to arrive.')
  const quiet = ofNode('node_heartbeat_age_seconds', 'How long its heartbeat has stood still, in time during which Redis could be read.')
  const gauges = [state, up, load, saturated, share, draining, promised, skew, quiet]
  degradedMode.set(0)
  generation.set(0)

  return {
    /** @param promisedOn allocations a node was promised to; @param snapshot undefined before the first */
    showFleet (snapshot: Snapshot | undefined, promisedOn: Promised, nowMs: number): void {
      for (const gauge of gauges) gauge.reset()
      if (!snapshot) return
      degradedMode.set(snapshot.outageSinceMs === undefined ? 0 : 1)
      generation.set(snapshot.generation)
      age.set(Math.max(0, nowMs - snapshot.readAtMs) / 1000)
      for (const node of snapshot.nodes) {
        const labels = { node: node.id, region: node.region }
        state.set({ node: node.id, state: node.state }, 1)
        up.set(labels, node.state === 'up' || node.state === 'degraded' ? 1 : 0)
        load.set(labels, node.loadRatio)
        saturated.set(labels, node.saturated ? 1 : 0)
        share.set(labels, node.share)
        draining.set(labels, node.reasons.some(({ kind }) => kind === 'draining') ? 1 : 0)
        promised.set(labels, promisedOn(node.id))
        quiet.set(labels, node.quietMs / 1000)
        if (node.clockSkewMs !== null) skew.set(labels, node.clockSkewMs / 1000)
      }
    }
  }
}
