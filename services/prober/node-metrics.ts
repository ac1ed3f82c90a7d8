import type { NodeFacts } from '../domain/node.ts'
import { findVersionDrift } from '../policy/find-version-drift.ts'
import { measureLoad } from '../policy/judge-load.ts'
import { SILENT_AFTER_MS } from '../policy/view-node.ts'
import { gaugeOfNodes, MAX_NODE_SERIES } from '../runtime/metrics.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** Since when a heartbeat has stood still, by our own clock. */
interface Heard { beat: number, atMs: number }

/**
 * The fleet by the word of its agents, so that no node needs an open port. Every prober shows the same. What an agent said
 * of a moment is not shown any more once it has been silent for three heartbeats.
 */
export function createNodeMetrics (metrics: Metrics) {
  const ofNode = (name: string, help: string) => gaugeOfNodes(metrics, name, help)
  const info = metrics.gauge('node_info', 'Always 1; the coturn a node runs, as it said last; empty where it does not answer.', ['node', 'region', 'coturn_version'], { maxSeries: MAX_NODE_SERIES })
  const drift = metrics.gauge('node_version_drift', '1 where the coturn of a node is of another version than most of the fleet runs.', ['node', 'region', 'version'], { maxSeries: MAX_NODE_SERIES })
  const sessions = ofNode('node_sessions', 'Live allocations of a node, those of probes not counted.')
  const maxAllocations = ofNode('node_max_allocations', 'Allocations a node may hold.')
  const relayed = ofNode('node_relay_bits_per_second', 'Live egress of a node: the sum of the rates of its sessions.')
  const atInterface = ofNode('node_interface_bits_per_second', 'What leaves the network interface of a node, other traffic included; absent where that cannot be read.')
  const capacity = ofNode('node_capacity_bits_per_second', 'Egress a node may carry, as its operator or its agent says.')
  const admitting = ofNode('node_admitting', '1 while coturn admits new allocations, 0 while it is drained.')
  const coturnUp = ofNode('node_coturn_up', '1 while coturn answers its agent.')
  const outbox = ofNode('node_outbox_batches', 'Usage batches on the disk of a node that the ledger has not applied.')
  const gaps = ofNode('node_feed_gaps', 'Times the agent of a node could not follow its feed without a gap, since its log began.')
  const lastSeen = ofNode('node_last_seen_timestamp_seconds', 'When the heartbeat of a node last changed, as this prober saw it; of one that did not since this prober began, then.')
  const gauges = [info, drift, sessions, maxAllocations, relayed, atInterface, capacity, admitting, coturnUp, outbox, gaps, lastSeen]
  const heard = new Map<string, Heard>()

  function showNode ({ id, desired, observed }: NodeFacts, nowMs: number): void {
    if (!observed) return
    const labels = { node: id, region: observed.region }
    info.set({ ...labels, coturn_version: observed.coturnVersion ?? '' }, 1)
    maxAllocations.set(labels, observed.maxAllocations)
    capacity.set(labels, measureLoad(observed, desired).capacityBitsPerSecond)
    gaps.set(labels, observed.gaps)
    const { atMs } = heard.get(id) ?? { atMs: nowMs }
    lastSeen.set(labels, atMs / 1000)
    if (nowMs - atMs > SILENT_AFTER_MS) return
    sessions.set(labels, observed.sessions)
    relayed.set(labels, observed.loadBitsPerSecond)
    if (observed.interfaceBitsPerSecond !== null) atInterface.set(labels, observed.interfaceBitsPerSecond)
    admitting.set(labels, observed.admitting === false ? 0 : 1)
    coturnUp.set(labels, observed.coturnVersion === null ? 0 : 1)
    outbox.set(labels, observed.outboxPending)
  }

  return {
    /** Each time the fleet was read: a heartbeat that differs from the last is new. */
    hear (nodes: readonly NodeFacts[], nowMs: number): void {
      for (const { id, observed } of nodes) {
        if (observed && heard.get(id)?.beat !== observed.beat) heard.set(id, { beat: observed.beat, atMs: nowMs })
      }
      if (heard.size <= nodes.length) return
      const known = new Set(nodes.map(({ id }) => id))
      for (const id of heard.keys()) if (!known.has(id)) heard.delete(id)
    },

    /** At each reading. */
    showNodes (nodes: readonly NodeFacts[], nowMs: number): void {
      for (const gauge of gauges) gauge.reset()
      const { drifted } = findVersionDrift(nodes)
      const isDrifted = new Set(drifted)
      for (const node of nodes) {
        showNode(node, nowMs)
        const { id, observed } = node
        if (observed?.coturnVersion) drift.set({ node: id, region: observed.region, version: observed.coturnVersion }, isDrifted.has(id) ? 1 : 0)
      }
    }
  }
}
