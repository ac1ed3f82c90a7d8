import fc from 'fast-check'
import t from 'tap'
import { ALL_APPS, EXPECTED_USE } from '../../../services/domain/budget.ts'
import type { Budget, MoneyFacts, Spend } from '../../../services/domain/budget.ts'
import type { Price } from '../../../services/domain/rate-card.ts'
import { checkBudget, describePaidIssue, expectedSpend, OUTAGE_ALLOWANCE, standingOf } from '../../../services/policy/check-budget.ts'
import type { OwnSpend } from '../../../services/policy/check-budget.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const DAY = 86_400_000
const prices: Price[] = [
  { provider: 'twilio', region: '*', bills: 'in+out', microUsdPerGigabyte: '800000' },
  { provider: 'twilio', region: 'eu', bills: 'in+out', microUsdPerGigabyte: '400000' },
  { provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }
]
/** micro-USD a credential of Twilio, its region unknown: 15 MB at 0.8 a GB */
const TWILIO = 12_000n
const CLOUDFLARE = 375n

const budget = (differs: Partial<Budget> = {}): Budget => ({ dayMicroUsd: null, monthMicroUsd: null, action: 'deny-spill', ...differs })
const spend = (day: bigint, month: bigint, reserved = 0n): Spend => ({ booked: { day, month }, reserved: { day: reserved, month: reserved } })
const facts = (budgets: Record<string, Budget>, spent: Record<string, Spend> = {}, differs: Partial<MoneyFacts> = {}): MoneyFacts =>
  ({ readAtMs: NOON, budgets: new Map(Object.entries(budgets)), spend: new Map(Object.entries(spent)), prices, expectedUse: new Map(), ...differs })
const none: OwnSpend = { since: () => 0n, issuedInOutage: undefined }
const check = (money: MoneyFacts, own = none, nowMs = NOON) => checkBudget(money, 'shop', 'twilio', undefined, own, nowMs)

t.test('what a credential is expected to cost, by provider and region', async t => {
  t.same(EXPECTED_USE, { bytesIn: 7_500_000, bytesOut: 7_500_000 })
  const money = facts({})
  t.equal(expectedSpend(money, 'twilio'), TWILIO)
  t.equal(expectedSpend(money, 'twilio', 'eu'), 6_000n)
  t.equal(expectedSpend(money, 'cloudflare', 'eu'), CLOUDFLARE)
  t.equal(expectedSpend(money, 'static'), undefined, 'unknown, not for nothing')
  t.equal(expectedSpend(facts({}, {}, { expectedUse: new Map([['cloudflare', { bytesIn: 5, bytesOut: 20_001 }]]) }), 'cloudflare'), 2n, 'as learned, rounded up')
  t.match(describePaidIssue(money, 'shop', 'cloudflare', undefined, NOON), { app: 'shop', provider: 'cloudflare', region: 'global', atMs: NOON, bytesOut: 7_500_000, microUsd: 375, priceVersion: /^[0-9a-f]{12}$/ })
  t.match(describePaidIssue(money, 'shop', 'static', undefined, NOON), { priceVersion: '0', microUsd: 0 })
})

t.test('without a budget nothing is denied', async t => {
  t.same(check(facts({})), { allowed: true, warnings: [] })
  t.same(check(facts({ chat: budget({ dayMicroUsd: '0' }) })), { allowed: true, warnings: [] }, 'that of another app is not its own')
  t.same(check(facts({ shop: budget() })), { allowed: true, warnings: [] }, 'nor is one without a cap')
})

for (const [scope, period] of [['shop', 'day'], ['shop', 'month'], [ALL_APPS, 'day'], [ALL_APPS, 'month']] as const) {
  t.test(`the cap of ${scope} a ${period}: the last credential it has whole is the last`, async t => {
    const capped = (cap: bigint) => facts({ [scope]: budget(period === 'day' ? { dayMicroUsd: String(cap) } : { monthMicroUsd: String(cap) }) }, { [scope]: spend(1_000n, 1_000n, 500n) })
    t.match(check(capped(1_500n + TWILIO)), { allowed: true })
    t.same(check(capped(1_500n + TWILIO - 1n)), {
      allowed: false,
      reason: 'budget_used_up',
      neededMicroUsd: TWILIO,
      cap: { scope, period, isBinding: true, capMicroUsd: 1_500n + TWILIO - 1n, bookedMicroUsd: 1_000n, reservedMicroUsd: 500n, leftMicroUsd: TWILIO - 1n }
    })
    t.match(checkBudget(capped(1_500n + CLOUDFLARE), 'shop', 'cloudflare', undefined, none, NOON), { allowed: true }, 'what costs less may still be had')
  })
}

t.test('a budget of nothing denies all that costs, and says at overspending that nothing is left', async t => {
  t.match(check(facts({ shop: budget({ dayMicroUsd: '0' }) })), { allowed: false, reason: 'budget_used_up' })
  t.equal(standingOf(facts({ shop: budget({ dayMicroUsd: '5' }) }, { shop: spend(9n, 9n) }), 'shop', none, NOON)[0]?.leftMicroUsd, 0n)
})

t.test('a cap that only warns lets pass, and is told of', async t => {
  const money = facts({ shop: budget({ dayMicroUsd: '10', action: 'warn' }), [ALL_APPS]: budget({ monthMicroUsd: '1000000' }) }, { shop: spend(10n, 10n) })
  t.match(check(money), { allowed: true, warnings: [{ scope: 'shop', period: 'day', isBinding: false, leftMicroUsd: 0n }] })
  t.equal((check(money) as { warnings: unknown[] }).warnings.length, 1)
})

t.test('a price nobody knows is denied where a budget binds, and only there', async t => {
  const money = (action: Budget['action']) => facts({ shop: budget({ dayMicroUsd: '1000000000', action }) }, {}, { prices: [] })
  t.match(check(money('deny-spill')), { allowed: false, reason: 'price_unknown', cap: { scope: 'shop', period: 'day' } })
  t.match(check(money('warn')), { allowed: true, warnings: [{ scope: 'shop' }] })
})

t.test('what this replica has set aside since counts as if it had been read', async t => {
  const own: OwnSpend = { since: (scope, period) => scope === 'shop' && period === '20261122' ? 600n : 0n, issuedInOutage: undefined }
  t.match(check(facts({ shop: budget({ dayMicroUsd: String(TWILIO + 500n) }) }), own), { allowed: false, cap: { reservedMicroUsd: 600n } })
  t.match(check(facts({ shop: budget({ monthMicroUsd: String(TWILIO + 500n) }) }), own), { allowed: true })
})

t.test('a new day opens again before anything was read in it, and so does a new month', async t => {
  const used = (cap: Partial<Budget>) => facts({ shop: budget(cap) }, { shop: spend(50_000n, 50_000n, 5n) })
  t.match(check(used({ dayMicroUsd: '50000' })), { allowed: false })
  t.match(check(used({ dayMicroUsd: '50000' }), none, NOON + DAY), { allowed: true })
  t.match(check(used({ monthMicroUsd: '50000' }), none, NOON + DAY), { allowed: false }, 'the month goes on')
  t.match(check(used({ monthMicroUsd: '50000' }), none, NOON + 9 * DAY), { allowed: true })
})

t.test('in an outage there is the local allowance, within what was left, and no more', async t => {
  const inOutage = (issuedInOutage: number, amount = 0n): OwnSpend => ({ since: () => amount, issuedInOutage })
  t.match(check(facts({}), inOutage(OUTAGE_ALLOWANCE - 1)), { allowed: true })
  t.same(check(facts({}), inOutage(OUTAGE_ALLOWANCE)), { allowed: false, reason: 'outage_allowance_used_up' }, 'budget or not')
  t.match(check(facts({ shop: budget({ dayMicroUsd: '20000' }) }), inOutage(1, TWILIO)), { allowed: false, reason: 'budget_used_up' })
})

t.test('whatever is asked in whatever order, binding caps are never passed and money is never negative', async t => {
  const amount = fc.bigInt(0n, 200_000n)
  const cap = fc.option(amount.map(String), { nil: null })
  const anyBudget = fc.record({ dayMicroUsd: cap, monthMicroUsd: cap, action: fc.constantFrom('deny-spill' as const, 'warn' as const) })
  const anySpend = fc.tuple(amount, amount, amount).map(([day, month, reserved]) => spend(day, month, reserved))
  fc.assert(fc.property(anyBudget, anyBudget, anySpend, anySpend, fc.array(fc.constantFrom('twilio' as const, 'cloudflare' as const), { maxLength: 60 }), (own, all, ownSpend, allSpend, providers) => {
    const money = facts({ shop: own, [ALL_APPS]: all }, { shop: ownSpend, [ALL_APPS]: allSpend })
    let reserved = 0n
    const since: OwnSpend = { since: () => reserved, issuedInOutage: undefined }
    for (const provider of providers) {
      const before = standingOf(money, 'shop', since, NOON)
      const needed = expectedSpend(money, provider) ?? 0n
      const verdict = checkBudget(money, 'shop', provider, undefined, since, NOON)
      if (before.some(({ leftMicroUsd }) => leftMicroUsd < 0n)) return false
      if (verdict.allowed !== before.every(({ isBinding, leftMicroUsd }) => !isBinding || needed <= leftMicroUsd)) return false
      if (verdict.allowed) reserved += needed
    }
    return standingOf(money, 'shop', since, NOON).every(({ isBinding, scope, period, capMicroUsd, reservedMicroUsd, bookedMicroUsd }) => {
      const before = scope === 'shop' ? ownSpend : allSpend
      return !isBinding || reserved === 0n || bookedMicroUsd + reservedMicroUsd <= capMicroUsd || before.booked[period] + before.reserved[period] > capMicroUsd
    })
  }))
})
