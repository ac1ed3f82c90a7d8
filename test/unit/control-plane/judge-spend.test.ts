import t from 'tap'
import { newApp } from '../../../services/domain/app.ts'
import type { MoneyFacts } from '../../../services/domain/budget.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import type { KnownCaller } from '../../../services/control-plane/admit-caller.ts'
import { issueCredentials } from '../../../services/control-plane/issue-credentials.ts'
import { budgetFacts, capSpend } from '../../../services/control-plane/judge-spend.ts'
import type { Providers } from '../../../services/control-plane/providers/provider.ts'
import { SpendRefused } from '../../../services/control-plane/reserve-spend.ts'
import { NO_OWN_SPEND } from '../../../services/policy/check-budget.ts'
import { PromiseBook } from '../../../services/policy/keep-promises.ts'
import { holdLimit } from '../../../services/policy/spend-tokens.ts'
import { snapshotOf } from '../../helpers/node-views.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const TAG = '0123456789abcdef01234567'
const money = (dayMicroUsd: string): MoneyFacts => ({
  readAtMs: NOW_MS,
  budgets: new Map([['shop', { dayMicroUsd, monthMicroUsd: null, action: 'deny-spill' }]]),
  spend: new Map(),
  prices: [{ provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }],
  expectedUse: new Map()
})
const callerOf = (facts: MoneyFacts, differs = {}): KnownCaller => ({
  app: { ...newApp('shop', '2026-11-22T09:00:00.000Z'), ...differs }, kind: 'secret', appLimit: holdLimit(''), key: undefined, user: undefined, userTag: TAG, userId: `shop.${TAG}.mac`, limit: holdLimit(''), address: '', hintedRegion: undefined, snapshot: snapshotOf([], { money: facts }), nowMs: NOW_MS
})
const minted = { iceServers: [{ urls: ['stun:192.0.2.9:3478'] }], expiresAtMs: NOW_MS + 3_600_000, expiryEndsCalls: true, region: null }

/** Providers behind a gate that refuses or not; remembers all that was done, in its order. */
function desk (refuses: boolean, fails: boolean) {
  const done: string[] = []
  const gate = {
    reserve: async (app: string, provider: ProviderName) => {
      done.push(`reserve ${app} ${provider}`)
      if (refuses) throw new SpendRefused('used up')
      return { cancel: () => { done.push('cancel') } }
    }
  }
  const mint = (name: string) => () => {
    done.push(`mint ${name}`)
    if (fails && name !== 'stun') throw new Error('away')
    return minted
  }
  const providers: Providers = { cloudflare: { mint: mint('cloudflare') }, static: { mint: mint('static') }, stun: { mint: mint('stun') } }
  const issuing = { providers: capSpend(providers, gate), available: Object.keys(providers) as ProviderName[], record: () => {}, onProviderFailed: () => {}, promises: new PromiseBook(), ownSpend: () => NO_OWN_SPEND }
  return { done, issue: async (facts: MoneyFacts) => (await issueCredentials(issuing, callerOf(facts), {})).provider }
}

t.test('no paid provider is asked before the money is set aside, and the others need none', async t => {
  const { done, issue } = desk(false, false)
  t.equal(await issue(money('100000')), 'cloudflare')
  t.same(done, ['reserve shop cloudflare', 'mint cloudflare'])
})

t.test('what is refused is not asked: the next step serves', async t => {
  const { done, issue } = desk(true, false)
  t.equal(await issue(money('100000')), 'static')
  t.same(done, ['reserve shop cloudflare', 'mint static'])
})

t.test('what was not handed out is taken back', async t => {
  const { done, issue } = desk(false, true)
  t.equal(await issue(money('100000')), 'stun')
  t.same(done, ['reserve shop cloudflare', 'mint cloudflare', 'cancel', 'mint static', 'mint stun'])
})

t.test('a budget that is known to be used up is not even asked', async t => {
  const { done, issue } = desk(false, false)
  t.equal(await issue(money('374')), 'static')
  t.same(done, ['mint static'])
})

t.test('who is denied what', async t => {
  const denied = (caller: KnownCaller, own = NO_OWN_SPEND) => [...budgetFacts(caller, ['coturn', 'cloudflare', 'stun'], () => own).denials.keys()]
  t.same(denied(callerOf(money('375'))), [])
  t.same(denied(callerOf(money('374'))), ['cloudflare'])
  const warning = { ...money('374'), budgets: new Map([['shop', { dayMicroUsd: '374', monthMicroUsd: '375', action: 'warn' as const }]]) }
  t.same(denied(callerOf(warning)), [], 'one that only warns denies nothing')
  t.match(budgetFacts(callerOf(warning), ['coturn', 'cloudflare', 'twilio'], () => NO_OWN_SPEND).warnings, [{ scope: 'shop', period: 'day', capMicroUsd: 374n }, { period: 'month' }], 'and is told of once: twilio, without a price, passes both')
  t.same(denied(callerOf(money('374'), { paidSpill: false })), [], 'an app that spills to none need not be told')
  t.same(denied(callerOf(money('375')), { since: () => 1n, issuedInOutage: undefined }), ['cloudflare'])
  t.same(denied(callerOf(money('100000')), { since: () => 0n, issuedInOutage: 20 }), ['cloudflare'])
})
