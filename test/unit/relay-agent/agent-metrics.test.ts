import t from 'tap'
import { createAgentMetrics } from '../../../services/relay-agent/agent-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { findSample } from '../../helpers/samples.ts'

t.test('the age of what waits shows once it is known', async t => {
  const metrics = createMetrics('relay-agent', 'test')
  const own = createAgentMetrics(metrics)
  const age = async () => findSample(await metrics.registry.metrics(), 'spillway_agent_outbox_oldest_age_seconds')
  for (const [outbox, expected] of [
    [undefined, undefined],
    [{ pending: 2, oldestAtMs: undefined }, undefined],
    [{ pending: 2, oldestAtMs: 1_000 }, 9],
    [{ pending: 0, oldestAtMs: undefined }, 0],
    [{ pending: 1, oldestAtMs: undefined }, undefined],
    [{ pending: 1, oldestAtMs: 11_000 }, 0]
  ] as const) {
    own.showOutboxAge(outbox, 10_000)
    t.equal(await age(), expected, JSON.stringify(outbox))
  }
})
