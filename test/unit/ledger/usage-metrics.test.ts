import t from 'tap'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { findSample } from '../../helpers/samples.ts'
import { bookedRow, TEN_O_CLOCK } from '../../helpers/usage-rows.ts'

const setUp = () => {
  const metrics = createMetrics('ledger', 'test')
  return { own: createLedgerMetrics(metrics), sample: async (name: string, where?: string) => findSample(await metrics.registry.metrics(), `spillway_${name}`, where) }
}
const bytes = (bytesIn: number, bytesOut: number, ended?: 'closed' | 'lost', differs = {}) => ({ row: bookedRow(differs), bytesIn, bytesOut, ended })

t.test('what a total takes back is taken off what comes next, for a counter never falls', async t => {
  const { own, sample } = setUp()
  const seen: Array<number | undefined> = []
  for (const change of [bytes(100, 7), bytes(-30, 0), bytes(20, 0), bytes(25, 1)]) {
    own.countBooked([change])
    seen.push(await sample('relay_bytes_total', 'direction="in"'))
  }
  t.same(seen, [100, 100, 100, 115])
  t.equal(await sample('relay_bytes_total', 'direction="out"'), 8, 'the other way has its own')
  const issue = { atMs: 0, app: 'shop', provider: 'cloudflare', region: 'global', priceVersion: '0', bytesIn: 5, bytesOut: 50, microUsd: 1 }
  own.countPaid(issue)
  own.countPaid({ ...issue, bytesIn: -5, bytesOut: -50 })
  own.countPaid(issue)
  t.equal(await sample('relay_bytes_total', 'provider="cloudflare",region="global",direction="out"'), 50)
})

t.test('sessions are told by how they ended, and those of probes by nothing', async t => {
  const { own, sample } = setUp()
  const probe = { app: '_probe' }
  own.countBooked([bytes(1, 1), bytes(1, 1, 'closed', { atMs: TEN_O_CLOCK + 45_000 }), bytes(1, 1, 'lost'), bytes(500, 500, 'closed', probe)])
  const lost = { ...bookedRow(), node: 'eu-1', seconds: 20 }
  own.countLost(lost)
  own.countLost({ ...lost, ...probe })
  t.equal(await sample('relay_sessions_total', 'outcome="closed"'), 1)
  t.equal(await sample('relay_sessions_total', 'outcome="lost"'), 2)
  t.equal(await sample('relay_session_duration_seconds_sum'), 65)
  t.equal(await sample('relay_bytes_total'), 6)
  t.equal(await sample('usage_lost_sessions_total', 'node="eu-1"'), 2, 'but of its node a probe is lost as well')
})

t.test('nodes and what is known of apps begin at zero, and of a node that is gone nothing is left', async t => {
  const { own, sample } = setUp()
  own.showWaiting([{ node: 'a', batches: 0, oldestMs: 0 }, { node: 'b', batches: 2, oldestMs: 1_500 }])
  own.expectBytes('shop', 'coturn', 'eu')
  own.gaps.inc({ node: 'b' })
  t.same([await sample('usage_gaps_total', 'node="a"'), await sample('usage_lag_seconds', 'node="b"'), await sample('relay_bytes_total')], [0, 1.5, 0])
  own.showWaiting([{ node: 'a', batches: 0, oldestMs: 0 }])
  for (const name of ['usage_gaps_total', 'usage_forged_rows_total', 'usage_lost_sessions_total', 'usage_lag_seconds', 'usage_pending_batches']) {
    t.equal(await sample(name, 'node="b"'), undefined, name)
    t.equal(await sample(name, 'node="a"'), 0, name)
  }
})
