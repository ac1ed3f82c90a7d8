import fc from 'fast-check'
import t from 'tap'
import { isPaid, PROVIDERS } from '../../../services/domain/provider.ts'
import type { OpenCircuit, ProviderName } from '../../../services/domain/provider.ts'
import type { Denial } from '../../../services/policy/check-budget.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import { explain } from '../../../services/policy/explain.ts'
import type { RouteRequest } from '../../../services/policy/route-request.ts'
import { skippedBefore } from '../../../services/policy/skip-provider.ts'
import { nodeView, requestOf, snapshotOf } from '../../helpers/node-views.ts'

const RETRY_AT_MS = Date.UTC(2026, 10, 24, 9, 0, 5)
const open = (differs: Partial<OpenCircuit> = {}): OpenCircuit => ({ state: 'open', retryAtMs: RETRY_AT_MS, lastFailure: 'server_error', ...differs })
const circuits = (...names: ProviderName[]) => new Map(names.map(name => [name, open()]))
const USED_UP: Denial = { allowed: false, reason: 'outage_allowance_used_up' }
const planOf = (request: Partial<RouteRequest>, available: readonly ProviderName[] = PROVIDERS) =>
  decideRoute(requestOf(request), snapshotOf([]), available).map(({ provider, reason }) => `${provider} ${reason}`)

t.test('a provider whose circuit is open gets no step, and who serves in its place says so', async t => {
  t.same(planOf({}), ['cloudflare fallback', 'twilio fallback', 'static fallback', 'stun last_resort'])
  t.same(planOf({ openCircuits: circuits('cloudflare') }), ['twilio circuit_open', 'static circuit_open', 'stun last_resort'])
  t.same(planOf({ openCircuits: circuits('twilio') }), ['cloudflare fallback', 'static circuit_open', 'stun last_resort'])
  t.same(planOf({ openCircuits: circuits('twilio') }, ['static', 'twilio']), ['static fallback'], 'what stands before it is in nobody\'s place')
})

t.test('of several reasons the wish of the app comes first, then the budget: who would not be asked anyway takes nobody\'s place', async t => {
  const both = { openCircuits: circuits('cloudflare'), denials: new Map([['cloudflare' as const, USED_UP]]) }
  t.same(planOf(both), ['twilio fallback', 'static fallback', 'stun last_resort'])
  t.same(planOf({ ...both, paidSpill: false }), ['static fallback', 'stun last_resort'])
})

t.test('the record of a credential names who was passed over for it, and no one behind it', async t => {
  const request = requestOf({ openCircuits: circuits('cloudflare'), denials: new Map([['twilio' as const, USED_UP]]) })
  const skipped = (provider: ProviderName, reason: string) => skippedBefore(request, PROVIDERS, { provider, reason }).map(({ provider, reason }) => `${provider} ${reason}`)
  t.same(skipped('coturn', 'healthy'), [])
  t.same(skipped('static', 'circuit_open'), ['cloudflare circuit_open', 'twilio budget'])
  t.same(skipped('coturn', 'no_room'), ['cloudflare circuit_open', 'twilio budget'], 'a full fleet comes behind them')
  const behindStun = ['coturn', 'stun', 'cloudflare'] as const
  t.same(skippedBefore(request, behindStun, { provider: 'coturn', reason: 'no_room' }), [], 'and before stun, so before what stands behind that')
  t.same(skippedBefore(request, ['coturn', 'cloudflare'], { provider: 'coturn', reason: 'no_room' }), [{ provider: 'cloudflare', reason: 'circuit_open' }])
})

t.test('explain says why it is left alone and until when', async t => {
  const told = (circuit: OpenCircuit) => {
    const { skipped, sentences } = explain(requestOf({ openCircuits: new Map([['cloudflare' as const, circuit]]) }), snapshotOf([nodeView('n')]), ['coturn', 'cloudflare', 'stun'])
    return { skipped, sentence: sentences.find(sentence => sentence.startsWith('cloudflare')) }
  }
  t.same(told(open()), {
    skipped: [{ provider: 'cloudflare', reason: 'circuit_open', circuit: { state: 'open', retryAt: '2026-11-24T09:00:05.000Z', lastFailure: 'server_error' } }],
    sentence: 'cloudflare is not tried until 2026-11-24T09:00:05.000Z: it failed lately (server error). Then one request finds out whether it is well; GET /admin/v1/providers shows it.'
  })
  t.match(told(open({ state: 'half_open', lastFailure: null })).sentence, /^cloudflare is not tried: it failed lately, and the request that finds out .* is on its way\.$/)
  t.match(told(open({ state: 'misconfigured' })).sentence, /it refuses the account.*which settings to check/)
})

const anyRequest = fc.record({
  paidSpill: fc.boolean(),
  denied: fc.subarray(PROVIDERS.filter(isPaid)),
  shut: fc.subarray(PROVIDERS.filter(isPaid))
})

t.test('whatever stands against whom: the plan keeps the order, holds nobody that may not be asked, and all that may', async t => {
  fc.assert(fc.property(anyRequest, fc.shuffledSubarray([...PROVIDERS]), fc.boolean(), ({ paidSpill, denied, shut }, available, hasFleet) => {
    const request = requestOf({ paidSpill, denials: new Map(denied.map(name => [name, USED_UP])), openCircuits: circuits(...shut) })
    const snapshot = snapshotOf(hasFleet ? [nodeView('n')] : [])
    const names = decideRoute(request, snapshot, available).map(({ provider }) => provider)
    const may = (name: ProviderName): boolean => name === 'coturn' ? hasFleet : !isPaid(name) || (paidSpill && !denied.includes(name) && !shut.includes(name))
    const { plan, skipped, sentences } = explain(request, snapshot, available)
    return JSON.stringify(names) === JSON.stringify(available.filter(may)) &&
      JSON.stringify(plan.map(({ provider }) => provider)) === JSON.stringify(names) &&
      JSON.stringify(skipped.map(({ provider }) => provider)) === JSON.stringify(available.filter(name => !may(name))) &&
      skipped.every(({ provider, reason }) => reason === 'no_node' || sentences.some(sentence => sentence.startsWith(`${provider} is not tried`)))
  }), { numRuns: 1_000 })
})
