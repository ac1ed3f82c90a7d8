import t from 'tap'
import { isDue } from '../../../services/control-plane/issue-probe-credentials.ts'

const HOUR_MS = 3_600_000
const now = Date.UTC(2026, 10, 22, 10)
const signing = { generation: 2, keyId: '0123456789abcdef' }
const held = (expiresInMs: number, differs = {}) => ({ username: 'u', password: 'p', expiresAtMs: now + expiresInMs, ...signing, ...differs })

t.test('a credential for probes is renewed when a quarter of its six hours is over', async t => {
  t.notOk(isDue(held(6 * HOUR_MS), signing, now))
  t.notOk(isDue(held(4.5 * HOUR_MS + 1), signing, now))
  t.ok(isDue(held(4.5 * HOUR_MS), signing, now))
  t.ok(isDue(held(-1), signing, now))
})

t.test('it is renewed at once where there is none, or the node is signed for with something else', async t => {
  t.ok(isDue(undefined, signing, now))
  t.ok(isDue(held(6 * HOUR_MS, { generation: 1 }), signing, now))
  t.ok(isDue(held(6 * HOUR_MS, { keyId: 'fedcba9876543210' }), signing, now))
})

t.test('one that lives longer than any is made was made by a clock that was put back: it is renewed', async t => {
  t.ok(isDue(held(6 * HOUR_MS + 1_000), signing, now))
})
