import t from 'tap'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { findSample } from '../../helpers/samples.ts'

const setUp = () => {
  const metrics = createMetrics('ledger', 'test')
  return { own: createLedgerMetrics(metrics), sample: async (name: string, where?: string) => findSample(await metrics.registry.metrics(), `spillway_${name}`, where) }
}

t.test('what has not happened yet has its series, so that an alert sees that it never does', async t => {
  const { own, sample } = setUp()
  own.expectJob('retain')
  own.expectBill('twilio')
  t.equal(await sample('job_last_success_timestamp_seconds', 'task="retain"'), 0)
  t.equal(await sample('job_leader', 'task="retain"'), 0)
  t.equal(await sample('bill_read_timestamp_seconds', 'provider="twilio"'), 0)
})

t.test('a ledger that reads a bill no more shows none of its numbers, and those of the other provider', async t => {
  const { own, sample } = setUp()
  for (const provider of ['twilio', 'cloudflare']) {
    for (const gauge of [own.billed, own.estimated, own.drift]) gauge.set({ provider, day: 'yesterday' }, 2)
  }
  own.dropBill('twilio')
  for (const name of ['bill_usd', 'bill_estimate_usd', 'bill_drift_ratio']) {
    t.equal(await sample(name, 'provider="twilio"'), undefined, name)
    t.equal(await sample(name, 'provider="cloudflare"'), 2, name)
  }
})
