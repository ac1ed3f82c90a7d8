import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { fakeSettings } from '../../fakes/accounts.ts'
import { startFakeCloudflare } from '../../fakes/fake-cloudflare.ts'
import { startFakeTwilio } from '../../fakes/fake-twilio.ts'
import { ask, MASTER_KEY, startControlPlane } from '../../helpers/control-plane.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

/** micro-USD a credential of Cloudflare: 7.5 MB out at 0.05 a GB; of Twilio: 15 MB at 0.8. */
const CLOUDFLARE = 375
const TWILIO = 12_000

const server = await startRedisServer(t, { variant: 'central' })
const [cloudflare, twilio] = [await startFakeCloudflare(), await startFakeTwilio()]
t.teardown(async () => { await Promise.all([cloudflare.stop(), twilio.stop()]) })
const settings = { ...fakeSettings(cloudflare.url, twilio.url), SPILLWAY_PROVIDER_ORDER: 'coturn,twilio,cloudflare,stun' }
const planes = [await startControlPlane(t, { redis: server, settings }), await startControlPlane(t, { redis: server, settings })] as const
const [door, other] = planes
await startOwnProcess(t, 'ledger', { SPILLWAY_REDIS_URL: server.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_LEDGER_OPS_PORT: '0' }).started()
const redis = await server.connect()
await until('the rate card is known', async () => await redis.exists('rate-card') === 1)

const requestsPerMinute = { app: 1_000_000, user: 1_000_000 }
const key = await door.createApp('shop', { requestsPerMinute, paidSpill: false })
await other.caughtUp()
const budget = async (query: string, body: unknown) => {
  await door.admin('PUT', `/budgets${query}`, body)
  for (const plane of planes) await plane.caughtUp()
}
const shop = async () => (await door.admin('GET', '/budgets?app=shop')).body.budgets[0]
const explain = async () => (await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: key })).body
const booked = async () => await until('all is booked', async () => await redis.xlen('paid-issues') === 0)

t.test('an app without paid spill never spills', async t => {
  for (let count = 0; count < 5; count++) t.equal((await door.issue(key)).body.provider, 'stun')
  t.equal(cloudflare.count('mint') + twilio.count('mint'), 0)
  await door.admin('PATCH', '/apps/shop', { paidSpill: true })
  for (const plane of planes) await plane.caughtUp()
})

t.test('a burst over two replicas spends a budget to its last credential and no further, then goes on without', async t => {
  await budget('?app=shop', { dayMicroUsd: String(2 * TWILIO + 3 * CLOUDFLARE + 5) })
  const providers = (await Promise.all(planes.flatMap(plane => Array.from({ length: 40 }, async () => (await plane.issue(key)).body.provider as string))))
  const counts = Object.fromEntries(Object.entries(Object.groupBy(providers, provider => provider)).map(([provider, all]) => [provider, all?.length]))
  t.same(counts, { twilio: 2, cloudflare: 3, stun: 75 })
  t.same([twilio.count('mint'), cloudflare.count('mint')], [2, 3], 'nobody was asked for what could not be paid')
  t.match((await shop()).day, { leftMicroUsd: '5' })

  await booked()
  t.match((await shop()).day, { bookedMicroUsd: String(2 * TWILIO + 3 * CLOUDFLARE), reservedMicroUsd: '0', leftMicroUsd: '5' })
  for (const plane of planes) await plane.caughtUp()
  const { skipped, plan, sentences } = await explain()
  t.same(plan.map(({ provider }: { provider: string }) => provider), ['stun'])
  t.match(skipped, [{ provider: 'coturn', reason: 'no_node' }, { provider: 'twilio', reason: 'budget' }, { provider: 'cloudflare', reason: 'budget', budget: { reason: 'budget_used_up', neededMicroUsd: String(CLOUDFLARE), cap: { app: 'shop', period: 'day', leftMicroUsd: '5' } } }])
  t.ok(sentences.some((sentence: string) => /^cloudflare is not tried: the budget of app shop for the day is 0\.02513 dollars, 0\.025125 are spent/.test(sentence)), sentences.join('\n'))
})

t.test('the ledger says what it cost, estimated, to the micro-dollar', async t => {
  const { rows, credits } = (await door.admin('GET', '/usage?by=provider&app=shop')).body
  t.match(rows, [
    { key: 'cloudflare', basis: 'estimated', bytesIn: 22_500_000, bytesOut: 22_500_000, costMicroUsd: String(3 * CLOUDFLARE) },
    { key: 'twilio', basis: 'estimated', bytesIn: 15_000_000, bytesOut: 15_000_000, costMicroUsd: String(2 * TWILIO) }
  ])
  t.match(credits, [{ provider: 'cloudflare', basis: 'estimated', freeBytes: '22500000', creditMicroUsd: String(3 * CLOUDFLARE) }])
})

t.test('what a provider did not give is not spent, and the next one is paid in its place', async t => {
  await budget('?app=shop', { dayMicroUsd: '1000000' })
  const before = Number((await shop()).day.bookedMicroUsd)
  twilio.set('server-error', { times: 1 })
  t.equal((await door.issue(key)).body.provider, 'cloudflare')
  await until('it was taken back', async () => await redis.xlen('paid-issues') === 0 && Number((await shop()).day.bookedMicroUsd) + Number((await shop()).day.reservedMicroUsd) === before + CLOUDFLARE)
  t.pass()
})

t.test('while Redis is away each replica has twenty paid credentials and no more', async t => {
  await door.admin('DELETE', '/budgets?app=shop')
  for (const plane of planes) await plane.caughtUp()
  await server.kill9()
  const paidOf = async () => await Promise.all(planes.map(async plane => (await Promise.all(Array.from({ length: 50 }, async () => (await plane.issue(key)).body.provider as string))).filter(provider => provider !== 'stun').length))
  t.same(await paidOf(), [20, 20])
  t.same(await paidOf(), [0, 0])
})
