import fc from 'fast-check'
import t from 'tap'
import { hasToken, isPressing, openLease, remaining, resetSeconds, retryAfterSeconds, settle, settleAlone } from '../../../services/policy/spend-tokens.ts'
import type { Lease } from '../../../services/policy/spend-tokens.ts'

/** Spends as many of `wanted` tokens as the lease gives. */
function spend (lease: Lease, wanted: number): number {
  let spent = 0
  while (spent < wanted && hasToken(lease)) {
    lease.debt += 1
    spent += 1
  }
  return spent
}

t.test('a lease is a twentieth of the limit, at least one token', async t => {
  t.equal(spend(openLease('app:shop', 600), 1_000), 30)
  t.equal(spend(openLease('user:shop:u', 3), 1_000), 1)
})

t.test('what was paid can be spent again, what the bucket did not give stays owed', async t => {
  const lease = openLease('app:shop', 600)
  spend(lease, 30)
  t.equal(remaining(lease), 570)
  settle(lease, 30, 570)
  t.same([remaining(lease), spend(lease, 1_000)], [570, 30])
  settle(lease, 10, 0)
  t.same([remaining(lease), lease.debt, spend(lease, 1_000)], [0, 20, 10])
})

t.test('half of a lease used up is a reason to pay at once', async t => {
  const lease = openLease('app:shop', 600)
  spend(lease, 14)
  t.notOk(isPressing(lease))
  spend(lease, 1)
  t.ok(isPressing(lease))
})

t.test('when to come back: at the next token, and when the bucket is full', async t => {
  t.equal(retryAfterSeconds(openLease('l', 600)), 1)
  t.equal(retryAfterSeconds(openLease('l', 3)), 20)
  const lease = openLease('l', 60)
  t.equal(resetSeconds(lease), 0)
  lease.debt += 2
  t.equal(resetSeconds(lease), 2)
})

t.test('alone, a lease is paid out of a bucket as full as the common one was, refilled by the minute', async t => {
  const lease = openLease('app:shop', 600)
  settle(lease, 0, 100)
  spend(lease, 30)
  settleAlone(lease, 1_000)
  t.same([lease.debt, remaining(lease)], [0, 70])
  for (const nowMs of [1_000, 1_000, 1_000]) {
    spend(lease, 30)
    settleAlone(lease, nowMs)
  }
  t.same([lease.debt, remaining(lease)], [20, 0], 'and it runs dry')
  settleAlone(lease, 3_000)
  t.same([lease.debt, remaining(lease)], [0, 0], 'two seconds later twenty more')
  settleAlone(lease, 120_000)
  t.equal(remaining(lease), 600, 'and never holds more than a minute')
})

/** What a bucket in Redis does, as take-tokens.lua does it, at a standstill. */
const bucketOf = (tokens: number) => ({
  pay (lease: Lease) {
    const taken = Math.min(tokens, lease.debt)
    tokens -= taken
    settle(lease, taken, tokens)
  }
})

t.test('however replicas take turns, they spend no more than the bucket and one lease each', async t => {
  const turns = fc.array(fc.record({ replica: fc.nat(3), wanted: fc.nat(50), pays: fc.boolean() }), { maxLength: 300 })
  fc.assert(fc.property(turns, fc.integer({ min: 1, max: 500 }), (turns, perMinute) => {
    const replicas = [0, 1, 2, 3].map(() => openLease('l', perMinute))
    const bucket = bucketOf(perMinute)
    let spent = 0
    for (const { replica, wanted, pays } of turns) {
      const lease = replicas[replica] as Lease
      spent += spend(lease, wanted)
      if (pays) bucket.pay(lease)
    }
    return spent <= perMinute + 4 * Math.max(1, Math.floor(perMinute / 20))
  }))
})
