import t from 'tap'
import type { PaidIssue } from '../../../services/domain/budget.ts'
import { reserveSpend } from '../../../services/store/paid-issues.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
await door.createApp('shop')
await door.createApp('chat')
const redis = await door.redis.connect()
const issue = (differs: Partial<PaidIssue> = {}): PaidIssue =>
  ({ atMs: Date.now(), app: 'shop', provider: 'twilio', region: 'global', priceVersion: 'aaaaaaaaaaaa', bytesIn: 1, bytesOut: 1, microUsd: 400, ...differs })
const budgets = async (query = '') => (await door.admin('GET', `/budgets${query}`)).body.budgets
const nothing = { bookedMicroUsd: '0', reservedMicroUsd: '0', leftMicroUsd: null }

t.test('a budget is set, shown with how it stands, changed and taken away', async t => {
  t.same(await budgets(), [])
  t.same((await door.admin('PUT', '/budgets?app=shop', { dayMicroUsd: '1000' })).body, { app: 'shop', dayMicroUsd: '1000', monthMicroUsd: null, action: 'deny-spill', day: { ...nothing, leftMicroUsd: '1000' }, month: nothing })
  t.match(await door.admin('PUT', '/budgets', { monthMicroUsd: '900719925474099', action: 'warn' }), { status: 200, body: { app: null, dayMicroUsd: null, monthMicroUsd: '900719925474099', action: 'warn' } })
  t.equal(await reserveSpend(redis, issue()), undefined)
  t.match(await budgets(), [
    { app: null, month: { reservedMicroUsd: '400', leftMicroUsd: '900719925473699' } },
    { app: 'shop', day: { bookedMicroUsd: '0', reservedMicroUsd: '400', leftMicroUsd: '600' }, month: { reservedMicroUsd: '400', leftMicroUsd: null } }
  ])
  t.equal((await budgets('?app=shop')).length, 1)

  t.match(await reserveSpend(redis, issue({ microUsd: 601 })), { scope: 'shop', period: 'day' })
  await door.admin('PUT', '/budgets?app=shop', { dayMicroUsd: '300', monthMicroUsd: '5000' })
  t.match(await budgets('?app=shop'), [{ dayMicroUsd: '300', day: { leftMicroUsd: '0' }, month: { leftMicroUsd: '4600' } }], 'less than is spent: nothing is left, and money is not negative')
  t.equal((await door.admin('DELETE', '/budgets?app=shop')).status, 204)
  t.equal(await reserveSpend(redis, issue()), undefined, 'what has no budget has no cap')
  t.equal((await door.admin('DELETE', '/budgets')).status, 204)
  t.same(await budgets(), [])
})

t.test('each change is in the audit, with what it was before', async t => {
  await door.admin('PUT', '/budgets?app=chat', { dayMicroUsd: '1' })
  await door.admin('PUT', '/budgets?app=chat', { dayMicroUsd: '2', action: 'warn' })
  await door.admin('DELETE', '/budgets?app=chat')
  const { entries } = (await door.admin('GET', '/audit')).body
  const one = { dayMicroUsd: '1', monthMicroUsd: null, action: 'deny-spill' }
  const two = { dayMicroUsd: '2', monthMicroUsd: null, action: 'warn' }
  t.match(entries.slice(-3), [
    { action: 'budget.set', target: 'chat', before: null, after: one },
    { action: 'budget.set', target: 'chat', before: one, after: two },
    { action: 'budget.remove', target: 'chat', before: two, after: null }
  ])
  t.equal((await door.admin('GET', '/audit/verify')).body.intact, true)
})

t.test('what is no budget is refused', async t => {
  const bodies: unknown[] = [{}, { dayMicroUsd: null }, { dayMicroUsd: 5 }, { dayMicroUsd: '-5' }, { dayMicroUsd: '1.5' }, { dayMicroUsd: '01' }, { dayMicroUsd: '1000000000000000' }, { monthMicroUsd: '5', action: 'deny' }, { weekMicroUsd: '5' }]
  for (const body of bodies) expectProblem(t, await door.admin('PUT', '/budgets', body), 400, 'invalid_request', JSON.stringify(body))
  expectProblem(t, await door.admin('PUT', '/budgets?app=nobody', { dayMicroUsd: '5' }), 404, 'app_not_found', 'of an app there is not')
  expectProblem(t, await door.admin('PUT', '/budgets?app=*', { dayMicroUsd: '5' }), 400, 'invalid_request', 'of what is no app')
  expectProblem(t, await door.admin('DELETE', '/budgets?app=shop'), 404, 'budget_not_found', 'where there is none')
  t.same(await budgets(), [])
})

t.test('an app that is deleted takes its budget along', async t => {
  await door.admin('PUT', '/budgets?app=chat', { dayMicroUsd: '1' })
  await door.admin('DELETE', '/apps/chat')
  t.same(await budgets(), [])
})
