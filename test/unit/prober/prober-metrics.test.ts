import t from 'tap'
import type { UrlHealth, UrlProbe, UrlState } from '../../../services/domain/health.ts'
import { createProberMetrics } from '../../../services/prober/prober-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { nodeFacts } from '../../helpers/node-facts.ts'
import { findSample } from '../../helpers/samples.ts'

const health = (url: string, state: UrlState, last: Partial<UrlProbe>): UrlHealth => ({
  url,
  state,
  failure: null,
  goodInARow: 0,
  badInARow: 0,
  last: { url, failure: null, answered: true, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null, ...last }
})

t.test('of several URLs of one transport the worst is shown, in whatever order they come', async t => {
  const metrics = createMetrics('prober', '1')
  const { showFleet } = createProberMetrics(metrics)
  const urls = [
    health('turn:192.0.2.1:3478?transport=udp', 'bad', { bindingMs: 20, allocateMs: null, packetsSent: 10, packetsReceived: 5 }),
    health('turn:192.0.2.2:3478?transport=udp', 'good', { bindingMs: 50, allocateMs: 40, packetsSent: 10, packetsReceived: 10 }),
    health('turn:192.0.2.3:3478', 'unknown', {}),
    health('turns:a.example.org:443?transport=tcp', 'good', { certificateExpiresAtMs: 9_000 }),
    health('turns:b.example.org:443?transport=tcp', 'unknown', { certificateExpiresAtMs: 5_000 }),
    health('turn:192.0.2.1:3478?transport=tcp', 'good', {})
  ]
  for (const order of [urls, urls.toReversed()]) {
    showFleet([nodeFacts('n')], () => order, 0)
    const text = await metrics.registry.metrics()
    const valueOf = (name: string, where: string) => text.split('\n').filter(line => line.startsWith(`spillway_${name}{`) && line.includes(where)).map(line => Number(line.slice(line.lastIndexOf(' ') + 1)))
    for (const [transport, worst] of [['udp', 'bad'], ['tls', 'unknown'], ['tcp', 'good']] as const) {
      for (const state of ['good', 'bad', 'unknown']) t.same(valueOf('probe_url_state', `transport="${transport}",state="${state}"`), [state === worst ? 1 : 0], `${transport} ${state}`)
    }
    t.same(valueOf('probe_latency_seconds', 'transport="udp",stage="binding"'), [0.05])
    t.same(valueOf('probe_latency_seconds', 'transport="udp",stage="allocate"'), [0.04], 'one that was measured, beside one that was not')
    t.same(valueOf('probe_latency_seconds', 'stage="relay"'), [], 'what nobody measured is not shown')
    t.same(valueOf('probe_loss_ratio', ''), [0.5])
    t.same(valueOf('probe_certificate_expiry_timestamp_seconds', ''), [5])
  }
})

t.test('what an agent said of a moment is not shown once it has been silent for three heartbeats; what it is made for is', async t => {
  const metrics = createMetrics('prober', '1')
  const own = createProberMetrics(metrics)
  const shown = async (beat: number, nowMs: number) => {
    const fleet = [nodeFacts('n', { beat, sessions: 3, loadBitsPerSecond: 0, admitting: false, coturnVersion: null })]
    own.hear(fleet, nowMs)
    own.showFleet(fleet, () => [], nowMs)
    const text = await metrics.registry.metrics()
    return ['node_sessions', 'node_relay_bits_per_second', 'node_admitting', 'node_coturn_up', 'node_max_allocations', 'node_last_seen_timestamp_seconds'].map(name => findSample(text, `spillway_${name}`))
  }
  t.same(await shown(1, 10_000), [3, 0, 0, 0, 10, 10])
  t.same(await shown(1, 25_000), [3, 0, 0, 0, 10, 10])
  t.same(await shown(1, 25_001), [undefined, undefined, undefined, undefined, 10, 10])
  t.same(await shown(2, 30_000), [3, 0, 0, 0, 10, 30])
  own.hear([], 31_000)
  own.showFleet([], () => [], 31_000)
  t.equal(findSample(await metrics.registry.metrics(), 'spillway_node_info'), undefined, 'a node that is gone leaves nothing')
})
