import fc from 'fast-check'
import t from 'tap'
import { isPressing, mayPay, openLease, remaining, resetSeconds, retryAfterSeconds, settle, settleAlone, spend } from '../../../services/policy/spend-tokens.ts'
import type { Lease } from '../../../services/policy/spend-tokens.ts'

const NOW = 1_000_000
/** Spends as many of `wanted` tokens as the lease gives. */
function spendMany (lease: Lease, wanted: number): number {
  let count = 0
  while (count < wanted && spend([lease], NOW).spent) count += 1
  return count
}

t.test('a token of each or of none, and the answer is the limit that decided or is nearest to its end', async t => {
  const [app, user] = [openLease('app:shop', 600, NOW), openLease('user:shop:u', 40, NOW)]
  t.same([spend([app, user], NOW).lease.name, spend([user, app], NOW).lease.name], ['user:shop:u', 'user:shop:u'])
  t.match(spend([app, user], NOW), { spent: false, lease: { name: 'user:shop:u' } })
  t.same([app.debt, user.debt], [2, 2], 'what was refused was not taken')
})

t.test('a lease is a twentieth of the limit, at least one token', async t => {
  t.equal(spendMany(openLease('app:shop', 600, NOW), 1_000), 30)
  t.equal(spendMany(openLease('user:shop:u', 3, NOW), 1_000), 1)
})

t.test('what was paid can be spent again, what the bucket did not give stays owed', async t => {
  const lease = openLease('app:shop', 600, NOW)
  spendMany(lease, 30)
  t.equal(remaining(lease, NOW), 570)
  settle(lease, 30, 570, NOW)
  t.same([remaining(lease, NOW), spendMany(lease, 1_000)], [570, 30])
  settle(lease, 10, 0, NOW)
  t.same([remaining(lease, NOW), lease.debt, spendMany(lease, 1_000)], [0, 20, 10])
})

t.test('half of a lease used up is a reason to pay', async t => {
  const lease = openLease('app:shop', 600, NOW)
  spendMany(lease, 14)
  t.notOk(isPressing(lease))
  spendMany(lease, 1)
  t.ok(isPressing(lease))
})

t.test('a bucket seen empty is not asked again before it can hold a token, and is known to fill', async t => {
  const lease = openLease('l', 60, NOW)
  settle(lease, 0, 0, NOW)
  t.same([mayPay(lease, NOW), mayPay(lease, NOW + 999), mayPay(lease, NOW + 1_000)], [false, false, true])
  t.same([remaining(lease, NOW), remaining(lease, NOW + 30_500), remaining(lease, NOW + 3_600_000)], [0, 30, 60])
})

t.test('when to come back: at the next token, and when the bucket is full', async t => {
  t.equal(retryAfterSeconds(openLease('l', 600, NOW)), 1)
  t.equal(retryAfterSeconds(openLease('l', 3, NOW)), 20)
  const lease = openLease('l', 60, NOW)
  t.equal(resetSeconds(lease, NOW), 0)
  lease.debt += 2
  t.equal(resetSeconds(lease, NOW), 2)
})

t.test('alone, a lease is paid out of a bucket as full as the common one should be, refilled by the minute', async t => {
  const lease = openLease('app:shop', 600, NOW)
  settle(lease, 0, 100, NOW)
  for (let round = 0; round < 4; round++) {
    spendMany(lease, 30)
    settleAlone(lease, NOW)
  }
  t.same([lease.debt, remaining(lease, NOW)], [20, 0], 'it runs dry')
  settleAlone(lease, NOW + 2_000)
  t.same([lease.debt, remaining(lease, NOW + 2_000)], [0, 0], 'two seconds later there were twenty more')
  settleAlone(lease, NOW + 120_000)
  t.equal(remaining(lease, NOW + 120_000), 600, 'and it never holds more than a minute')
})

/** What a bucket in Redis does, as take-tokens.lua does it, at a standstill. */
const bucketOf = (tokens: number) => ({
  pay (lease: Lease) {
    const taken = Math.min(tokens, lease.debt)
    tokens -= taken
    settle(lease, taken, tokens, NOW)
  }
})

t.test('however replicas take turns, they spend no more than the bucket and one lease each', async t => {
  const turns = fc.array(fc.record({ replica: fc.nat(3), wanted: fc.nat(50), pays: fc.boolean() }), { maxLength: 300 })
  fc.assert(fc.property(turns, fc.integer({ min: 1, max: 500 }), (turns, perMinute) => {
    const replicas = [0, 1, 2, 3].map(() => openLease('l', perMinute, NOW))
    const bucket = bucketOf(perMinute)
    let spent = 0
    for (const { replica, wanted, pays } of turns) {
      const lease = replicas[replica] as Lease
      spent += spendMany(lease, wanted)
      if (pays) bucket.pay(lease)
    }
    return spent <= perMinute + 4 * Math.max(1, Math.floor(perMinute / 20))
  }))
  t.pass('whatever the turns')
})
