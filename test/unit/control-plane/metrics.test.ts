import t from 'tap'
import { createControlPlaneMetrics } from '../../../services/control-plane/metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { findSample } from '../../helpers/samples.ts'

t.test('what was counted shows at each reading, once', async t => {
  const metrics = createMetrics('test', '0')
  const own = createControlPlaneMetrics(metrics)
  const lines = async () => (await metrics.registry.metrics()).split('\n').filter(line => /^spillway_(http_requests|credentials_issued)_total\{/.test(line)).sort()
  own.countReply('/turn', 'GET', 200, 1)
  own.countReply('/turn', 'GET', 200, 1)
  own.countReply('/turn', 'POST', 401, 1)
  own.countIssued('shop', 'coturn', 'healthy')
  const expected = [
    'spillway_credentials_issued_total{app="shop",provider="coturn",reason="healthy"} 1',
    'spillway_http_requests_total{route="/turn",method="GET",status="200"} 2',
    'spillway_http_requests_total{route="/turn",method="POST",status="401"} 1'
  ]
  t.same(await lines(), expected)
  t.same(await lines(), expected, 'reading adds nothing')
  own.countReply('/turn', 'GET', 200, 1)
  t.match(await lines(), [expected[0], 'spillway_http_requests_total{route="/turn",method="GET",status="200"} 3', expected[2]])
})

t.test('beyond two hundred apps they share a label', async t => {
  const metrics = createMetrics('test', '0')
  const own = createControlPlaneMetrics(metrics)
  for (let app = 0; app < 1_000; app++) own.countIssued(`app-${app}`, 'coturn', 'healthy')
  const lines = (await metrics.registry.metrics()).split('\n').filter(line => line.startsWith('spillway_credentials_issued_total{'))
  t.equal(lines.length, 201)
  t.ok(lines.includes('spillway_credentials_issued_total{app="_other",provider="coturn",reason="healthy"} 800'))
})

t.test('who has waited for a paid provider is counted, well or in vain', async t => {
  const registry = createMetrics('control-plane', 'test')
  const own = createControlPlaneMetrics(registry)
  const waited = async () => findSample(await registry.registry.metrics(), 'spillway_credentials_waited_for_paid_total')
  t.equal(await waited(), 0)
  const one = { reason: 'fallback', caller: 'secret' } as const
  own.countDecision({ ...one, provider: 'coturn', failed: [] })
  own.countDecision({ ...one, provider: 'static', failed: ['coturn'] })
  t.equal(await waited(), 0)
  own.countDecision({ ...one, provider: 'cloudflare', failed: [] })
  own.countDecision({ ...one, provider: 'stun', failed: ['cloudflare', 'twilio'] })
  t.equal(await waited(), 2)
})
