import fc from 'fast-check'
import t from 'tap'
import { ALL_APPS } from '../../../services/domain/budget.ts'
import type { Budget, MoneyFacts } from '../../../services/domain/budget.ts'
import { isPaid, PROVIDERS } from '../../../services/domain/provider.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { checkBudget, expectedSpend, NO_OWN_SPEND } from '../../../services/policy/check-budget.ts'
import type { Denial } from '../../../services/policy/check-budget.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import { explain } from '../../../services/policy/explain.ts'
import { nodeView, requestOf, snapshotOf } from '../../helpers/node-views.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const facts = (dayMicroUsd: string, scope = 'shop', differs: Partial<MoneyFacts> = {}): MoneyFacts => ({
  readAtMs: NOON,
  budgets: new Map<string, Budget>([[scope, { dayMicroUsd, monthMicroUsd: null, action: 'deny-spill' }]]),
  spend: new Map([[scope, { booked: { day: 4_000n, month: 4_000n }, reserved: { day: 250n, month: 250n } }]]),
  prices: [{ provider: 'twilio', region: '*', bills: 'in+out', microUsdPerGigabyte: '800000' }, { provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }],
  expectedUse: new Map(),
  ...differs
})
const denials = (money: MoneyFacts, own = NO_OWN_SPEND) => new Map(PROVIDERS.filter(isPaid).flatMap((provider): Array<[ProviderName, Denial]> => {
  const verdict = checkBudget(money, 'shop', provider, undefined, own, NOON)
  return verdict.allowed ? [] : [[provider, verdict]]
}))
const planned = (money: MoneyFacts, differs = {}) => decideRoute(requestOf({ denials: denials(money), ...differs }), snapshotOf([nodeView('n')]), PROVIDERS).map(({ provider }) => provider)

t.test('a paid step is left out where its budget is used up, and only that one', async t => {
  t.same(planned(facts('1000000')), ['coturn', 'cloudflare', 'twilio', 'static', 'stun'])
  t.same(planned(facts('5000')), ['coturn', 'cloudflare', 'static', 'stun'], 'what is left is enough for the cheaper one')
  t.same(planned(facts('4250')), ['coturn', 'static', 'stun'])
  t.same(planned(facts('5000'), { paidSpill: false }), ['coturn', 'static', 'stun'])
})

const told = (money: MoneyFacts, own = NO_OWN_SPEND, differs = {}) => {
  const { skipped, sentences } = explain(requestOf({ denials: denials(money, own), ...differs }), snapshotOf([nodeView('n')]), ['coturn', 'twilio', 'stun'])
  return { skipped, sentence: sentences.find(sentence => sentence.startsWith('twilio')) }
}

t.test('explain says what stands against it, with its numbers and what to do', async t => {
  t.same(told(facts('10000')), {
    skipped: [{
      provider: 'twilio',
      reason: 'budget',
      budget: { reason: 'budget_used_up', neededMicroUsd: '12000', cap: { app: 'shop', period: 'day', capMicroUsd: '10000', bookedMicroUsd: '4000', reservedMicroUsd: '250', leftMicroUsd: '5750' } }
    }],
    sentence: 'twilio is not tried: the budget of app shop for the day is 0.01 dollars, 0.004 are spent and 0.00025 set aside, and a credential needs 0.012: raise it by PUT /admin/v1/budgets?app=shop, or wait for the next day (UTC).'
  })
  t.match(told(facts('10000', ALL_APPS)), { skipped: [{ budget: { cap: { app: null } } }], sentence: /the budget of all apps together .* by PUT \/admin\/v1\/budgets, or wait/ })
  t.match(told(facts('10000', 'shop', { prices: [] })), { skipped: [{ reason: 'budget', budget: { reason: 'price_unknown', neededMicroUsd: null, cap: { app: 'shop' } } }], sentence: /nobody has said what it costs.*SPILLWAY_RATE_CARD_FILE/ })
  t.match(told(facts('1000000'), { since: () => 0n, issuedInOutage: 20 }), { skipped: [{ reason: 'budget', budget: { reason: 'outage_allowance_used_up', cap: null } }], sentence: /the central Redis is away, and the 20 paid credentials .* are issued/ })
  t.match(told(facts('10000'), NO_OWN_SPEND, { paidSpill: false }), { skipped: [{ provider: 'twilio', reason: 'paid_spill_off' }], sentence: /paidSpill false/ }, 'the wish of the app comes first')
  t.same(told(facts('1000000')), { skipped: [], sentence: undefined })
})

t.test('a cap that only warns stops nothing, and explain tells that it is passed', async t => {
  const warning = facts('4250', 'shop')
  const verdict = checkBudget({ ...warning, budgets: new Map([['shop', { dayMicroUsd: '4250', monthMicroUsd: null, action: 'warn' }]]) }, 'shop', 'twilio', undefined, NO_OWN_SPEND, NOON)
  if (!verdict.allowed) throw new Error(verdict.reason)
  const told = (available: ProviderName[], paidSpill = true) => explain(requestOf({ warnings: verdict.warnings, paidSpill }), snapshotOf([]), available)
  const { plan, budgetsPassed, sentences } = told(['twilio', 'stun'])
  t.equal(plan[0]?.provider, 'twilio')
  t.same(budgetsPassed, [{ app: 'shop', period: 'day', capMicroUsd: '4250', bookedMicroUsd: '4000', reservedMicroUsd: '250', leftMicroUsd: '0' }])
  t.ok(sentences.includes('Paid providers go on, though the budget of app shop for the day is passed: it is 0.00425 dollars, 0.004 are spent and 0.00025 set aside. Its action is warn: PUT /admin/v1/budgets?app=shop with deny-spill makes it keep.'), sentences.join('\n'))
  t.notMatch(told(['twilio', 'stun'], false).sentences.join(), /Paid providers go on/, 'nor is it told where none would')
})

t.test('whatever the budget: what a plan may cost is never above what is left of it', async t => {
  fc.assert(fc.property(fc.nat(50_000), fc.subarray([...PROVIDERS], { minLength: 1 }), (cap, available) => {
    const money = facts(String(cap))
    const left = BigInt(Math.max(0, cap - 4_250))
    return decideRoute(requestOf({ denials: denials(money) }), snapshotOf([]), available)
      .every(({ provider }) => !isPaid(provider) || (expectedSpend(money, provider) ?? 0n) <= left)
  }))
})
