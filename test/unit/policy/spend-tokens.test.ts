import fc from 'fast-check'
import t from 'tap'
import { isPressing, openLease, remaining, resetSeconds, retryAfterSeconds, settle, settleAlone, spend } from '../../../services/policy/spend-tokens.ts'
import type { Lease } from '../../../services/policy/spend-tokens.ts'

/** Spends as many of `wanted` tokens as the lease gives. */
function spendMany (lease: Lease, wanted: number): number {
  let count = 0
  while (count < wanted && spend([lease]).spent) count += 1
  return count
}

t.test('a token of each or of none, and the answer is the limit that decided or is nearest to its end', async t => {
  const [app, user] = [openLease('app:shop', 600), openLease('user:shop:u', 40)]
  t.same([spend([app, user]).lease.name, spend([user, app]).lease.name], ['user:shop:u', 'user:shop:u'])
  t.match(spend([app, user]), { spent: false, lease: { name: 'user:shop:u' } })
  t.same([app.debt, user.debt], [2, 2], 'what was refused was not taken')
})

t.test('a lease is a twentieth of the limit, at least one token', async t => {
  t.equal(spendMany(openLease('app:shop', 600), 1_000), 30)
  t.equal(spendMany(openLease('user:shop:u', 3), 1_000), 1)
})

t.test('what was paid can be spent again, what the bucket did not give stays owed', async t => {
  const lease = openLease('app:shop', 600)
  spendMany(lease, 30)
  t.equal(remaining(lease), 570)
  settle(lease, 30, 570)
  t.same([remaining(lease), spendMany(lease, 1_000)], [570, 30])
  settle(lease, 10, 0)
  t.same([remaining(lease), lease.debt, spendMany(lease, 1_000)], [0, 20, 10])
})

t.test('half of a lease used up is a reason to pay at once', async t => {
  const lease = openLease('app:shop', 600)
  spendMany(lease, 14)
  t.notOk(isPressing(lease))
  spendMany(lease, 1)
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
  spendMany(lease, 30)
  settleAlone(lease, 1_000)
  t.same([lease.debt, remaining(lease)], [0, 70])
  for (const nowMs of [1_000, 1_000, 1_000]) {
    spendMany(lease, 30)
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
      spent += spendMany(lease, wanted)
      if (pays) bucket.pay(lease)
    }
    return spent <= perMinute + 4 * Math.max(1, Math.floor(perMinute / 20))
  }))
})
