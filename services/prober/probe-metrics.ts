import { URL_STATES } from '../domain/health.ts'
import type { UrlHealth } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import { MAX_NODE_SERIES } from '../runtime/metrics.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Transport } from '../turn/turn-leg.ts'
import { parseServerUrl } from '../turn/turn-url.ts'

/** Tells the URLs of a node apart without an address in a label; of several of one transport the worst is shown. */
const transportOf = (url: string): Transport => parseServerUrl(url)?.transport ?? 'udp'

const MS_A_SECOND = 1000
const WORST_FIRST = ['bad', 'unknown', 'good'] as const
const STAGES = [['binding', 'bindingMs'], ['allocate', 'allocateMs'], ['relay', 'relayMs']] as const

/** What this prober has found. */
export function createProbeMetrics (metrics: Metrics) {
  const labels = ['node', 'region', 'transport'] as const
  const many = { maxSeries: MAX_NODE_SERIES }
  const probes = metrics.counter('probes_total', 'Probes of a node, by what came of them: good, or why not. A cause has a series from when it first came.', [...labels, 'outcome'], many)
  const state = metrics.gauge('probe_url_state', '1 for the state a URL of a node is held to be in after several probes.', [...labels, 'state'], many)
  const latency = metrics.gauge('probe_latency_seconds', 'How long the last probe took: binding, allocate (with its challenge), relay (through two allocations and back).', [...labels, 'stage'], many)
  const loss = metrics.gauge('probe_loss_ratio', 'Share of the packets of the last probe that did not come back through the relay.', labels, many)
  const certificate = metrics.gauge('probe_certificate_expiry_timestamp_seconds', 'When the TLS certificate of a node expires; of several the first.', ['node', 'region'], many)
  const labelsOf = ({ id, observed }: NodeFacts, transport: Transport) => ({ node: id, region: observed?.region ?? '', transport })

  function showTransport (own: ReturnType<typeof labelsOf>, healths: readonly UrlHealth[]): void {
    const worst = WORST_FIRST.find(one => healths.some(({ state }) => state === one))
    for (const one of URL_STATES) state.set({ ...own, state: one }, one === worst ? 1 : 0)
    const last = healths.map(({ last }) => last)
    for (const [stage, measured] of STAGES) {
      const slowest = Math.max(...last.map(probe => probe[measured] ?? -Infinity))
      if (slowest > -Infinity) latency.set({ ...own, stage }, slowest / MS_A_SECOND)
    }
    const losses = last.flatMap(({ packetsSent, packetsReceived }) => packetsSent > 0 ? [1 - packetsReceived / packetsSent] : [])
    if (losses.length > 0) loss.set(own, Math.max(...losses))
  }

  function showProbesOf (node: NodeFacts, healths: readonly UrlHealth[]): void {
    for (const [transport, ofIt] of Map.groupBy(healths, ({ url }) => transportOf(url))) showTransport(labelsOf(node, transport), ofIt)
    const expiries = healths.flatMap(({ last }) => last.certificateExpiresAtMs ?? [])
    if (expiries.length > 0) certificate.set({ node: node.id, region: node.observed?.region ?? '' }, Math.min(...expiries) / MS_A_SECOND)
  }

  return {
    reaches: metrics.gauge('probe_vantage_reaches', '1 while this prober reaches anything at all; at 0 it has no vote.'),

    countProbe (node: NodeFacts, { url, last }: UrlHealth): void {
      const own = labelsOf(node, transportOf(url))
      // all fifteen outcomes of a thousand nodes and three transports would be half of all there is to scrape
      probes.begin({ ...own, outcome: 'good' })
      probes.inc({ ...own, outcome: last.failure?.cause ?? 'good' })
    },

    /** All that is known now; what is no longer known leaves no series behind. */
    showProbes (nodes: readonly NodeFacts[], healthOf: (node: string) => Iterable<UrlHealth>): void {
      const known = new Set(nodes.map(({ id }) => id))
      probes.retain(({ node }) => known.has(node))
      for (const gauge of [state, latency, loss, certificate]) gauge.reset()
      for (const node of nodes) {
        for (const url of node.observed?.urls ?? []) probes.begin({ ...labelsOf(node, transportOf(url)), outcome: 'good' })
        showProbesOf(node, [...healthOf(node.id)])
      }
    }
  }
}
