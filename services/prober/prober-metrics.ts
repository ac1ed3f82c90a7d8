import { PROBE_CAUSES, URL_STATES } from '../domain/health.ts'
import type { UrlHealth } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import { findVersionDrift } from '../policy/find-version-drift.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Transport } from '../turn/turn-leg.ts'
import { parseServerUrl } from '../turn/turn-url.ts'

/** Tells the URLs of a node apart without an address in a label; of several of one transport the worst is shown. */
const transportOf = (url: string): Transport => parseServerUrl(url)?.transport ?? 'udp'

const MS_A_SECOND = 1000
const WORST_FIRST = ['bad', 'unknown', 'good'] as const

export function createProberMetrics (metrics: Metrics) {
  const labels = ['node', 'region', 'transport'] as const
  const probes = metrics.counter('probes_total', 'Probes of a node, by what came of them: good, or why not.', [...labels, 'outcome'])
  const state = metrics.gauge('probe_url_state', '1 for the state a URL of a node is held to be in after several probes.', [...labels, 'state'])
  const latency = metrics.gauge('probe_latency_seconds', 'How long the last probe took: binding, allocate (with its challenge), relay (through two allocations and back).', [...labels, 'stage'])
  const loss = metrics.gauge('probe_loss_ratio', 'Share of the packets of the last probe that did not come back through the relay.', labels)
  const certificate = metrics.gauge('probe_certificate_expiry_timestamp_seconds', 'When the TLS certificate of a node expires; of several the first.', ['node', 'region'])
  const drift = metrics.gauge('node_version_drift', '1 where the coturn of a node is of another version than most of the fleet runs.', ['node', 'region', 'version'])

  function showTransport (own: Record<typeof labels[number], string>, healths: readonly UrlHealth[]): void {
    const worst = WORST_FIRST.find(one => healths.some(({ state }) => state === one))
    for (const one of URL_STATES) state.set({ ...own, state: one }, one === worst ? 1 : 0)
    const last = healths.map(({ last }) => last)
    for (const [stage, measured] of [['binding', 'bindingMs'], ['allocate', 'allocateMs'], ['relay', 'relayMs']] as const) {
      const slowest = Math.max(...last.map(probe => probe[measured] ?? -Infinity))
      if (slowest > -Infinity) latency.set({ ...own, stage }, slowest / MS_A_SECOND)
    }
    const losses = last.flatMap(({ packetsSent, packetsReceived }) => packetsSent > 0 ? [1 - packetsReceived / packetsSent] : [])
    if (losses.length > 0) loss.set(own, Math.max(...losses))
  }

  function showNode (node: NodeFacts, healths: readonly UrlHealth[]): void {
    const region = node.observed?.region ?? ''
    for (const [transport, ofIt] of Map.groupBy(healths, ({ url }) => transportOf(url))) showTransport({ node: node.id, region, transport }, ofIt)
    const expiries = healths.flatMap(({ last }) => last.certificateExpiresAtMs ?? [])
    if (expiries.length > 0) certificate.set({ node: node.id, region }, Math.min(...expiries) / MS_A_SECOND)
  }
  const labelsOf = ({ id, observed }: NodeFacts, url: string) => ({ node: id, region: observed?.region ?? '', transport: transportOf(url) })

  return {
    reaches: metrics.gauge('probe_vantage_reaches', '1 while this prober reaches anything at all; at 0 it has no vote.', []),

    countProbe (node: NodeFacts, { url, last }: UrlHealth): void {
      const own = labelsOf(node, url)
      // a series that begins at its first event would hide that event from rate(); to add nothing to one that runs does no harm
      for (const outcome of ['good', ...PROBE_CAUSES]) probes.inc({ ...own, outcome }, 0)
      probes.inc({ ...own, outcome: last.failure?.cause ?? 'good' })
    },

    /** All that is known now; what is no longer known leaves no series behind. */
    showFleet (nodes: readonly NodeFacts[], healthOf: (node: string) => Iterable<UrlHealth>): void {
      for (const gauge of [state, latency, loss, certificate, drift]) gauge.reset()
      const { drifted } = findVersionDrift(nodes)
      for (const node of nodes) {
        showNode(node, [...healthOf(node.id)])
        const { id, observed } = node
        if (observed?.coturnVersion) drift.set({ node: id, region: observed.region, version: observed.coturnVersion }, drifted.includes(id) ? 1 : 0)
      }
    }
  }
}
