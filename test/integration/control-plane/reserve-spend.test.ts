import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { ALL_APPS } from '../../../services/domain/budget.ts'
import type { Budget, MoneyFacts } from '../../../services/domain/budget.ts'
import { createSpendGate, SpendRefused } from '../../../services/control-plane/reserve-spend.ts'
import type { Hold, SpendGate } from '../../../services/control-plane/reserve-spend.ts'
import { standingOf, OUTAGE_ALLOWANCE } from '../../../services/policy/check-budget.ts'
import { readMoney, readSpend } from '../../../services/store/budgets.ts'
import { publishRateCard } from '../../../services/store/prices.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
/** micro-USD a credential: 7.5 MB out at 0.05 a GB */
const NEEDED = 375n
const capped = (dayMicroUsd: bigint): Budget => ({ dayMicroUsd: String(dayMicroUsd), monthMicroUsd: null, action: 'deny-spill' })

/** A Redis with a price and these budgets, and replicas over it; `read` is what each snapshot does. */
async function start (t: Test, budgets: Record<string, Budget> = {}) {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  await publishRateCard(redis, { prices: [{ provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }], flat: [], credits: [] })
  for (const [scope, budget] of Object.entries(budgets)) await redis.hset('budgets', scope, JSON.stringify(budget))
  const clock = { ms: NOON }

  async function replica () {
    const own = await server.connect()
    const known: { money: MoneyFacts, isOutage: boolean } = { money: await readMoney(own, clock.ms), isOutage: false }
    const gate: SpendGate = createSpendGate({ redis: own, money: () => known.money, isOutage: () => known.isOutage, now: () => clock.ms, onReserved: () => {}, onError: () => {} })
    t.teardown(gate.stop)
    return {
      known,
      gate,
      read: async () => { known.money = await readMoney(own, clock.ms) },
      reserve: async (app = 'shop'): Promise<Hold | undefined> => await gate.reserve(app, 'cloudflare').catch((error: unknown) => {
        if (!(error instanceof SpendRefused)) throw error
        return undefined
      }),
      /** what decideRoute would be told is left of the app's day */
      left: (app = 'shop') => standingOf(known.money, app, gate.ownSpend(), clock.ms).find(({ scope, period }) => scope === app && period === 'day')?.leftMicroUsd
    }
  }
  return { server, redis, clock, replica, reserved: async (scope = 'shop') => (await readSpend(redis, [scope], clock.ms)).get(scope)?.reserved.day }
}

t.test('a burst over four replicas that have read nothing of each other passes no cap', async t => {
  const { replica, reserved } = await start(t, { shop: capped(10n * NEEDED + 1n), [ALL_APPS]: capped(12n * NEEDED) })
  const replicas = await Promise.all([1, 2, 3, 4].map(replica))
  const burst = async (app: string) => (await Promise.all(replicas.flatMap(({ reserve }) => Array.from({ length: 25 }, async () => await reserve(app))))).filter(hold => hold !== undefined).length
  t.equal(await burst('shop'), 10)
  t.equal(await burst('chat'), 2)
  t.equal(await reserved(), 10n * NEEDED)
})

t.test('what a replica has set aside itself it knows before it has read it, and counts it once when it has', async t => {
  const { replica, clock, redis } = await start(t, { shop: capped(1_000n) })
  const one = await replica()
  const hold = await one.reserve()
  t.equal(one.left(), 1_000n - NEEDED)
  await one.read()
  t.equal(one.left(), 1_000n - 2n * NEEDED, 'read in the same millisecond: rather twice than not at all')
  clock.ms += 1
  await one.read()
  t.equal(one.left(), 1_000n - NEEDED)
  hold?.cancel()
  t.equal(one.left(), 1_000n, 'known at once')
  await until('it is told', async () => await redis.hget('reserved-spend:20261122', 'shop') === '0')
  clock.ms += 1
  await one.read()
  t.equal(one.left(), 1_000n)
})

t.test('the next day is open again', async t => {
  const { replica, clock } = await start(t, { shop: capped(NEEDED) })
  const one = await replica()
  t.ok(await one.reserve())
  t.notOk(await one.reserve())
  clock.ms += 12 * 3_600_000
  t.equal(one.left(), NEEDED)
  t.ok(await one.reserve())
})

t.test('while Redis is away: the local allowance and no more, told when it is back', async t => {
  const { replica, server, reserved, redis } = await start(t)
  const one = await replica()
  await server.kill9()
  const holds = await Promise.all(Array.from({ length: 3 * OUTAGE_ALLOWANCE }, async () => await one.reserve()))
  t.equal(holds.filter(hold => hold !== undefined).length, OUTAGE_ALLOWANCE)
  one.known.isOutage = true
  t.notOk(await one.reserve(), 'nor when the snapshot has noticed')
  holds.find(hold => hold !== undefined)?.cancel()
  t.ok(await one.reserve(), 'one that was not handed out is none')
  t.notOk(await one.reserve())

  await server.start()
  await until('the test is connected again', () => redis.status === 'ready')
  one.known.isOutage = false
  await until('Redis was told', async () => await reserved() === BigInt(OUTAGE_ALLOWANCE) * NEEDED)
  t.equal(await redis.xlen('paid-issues'), OUTAGE_ALLOWANCE, 'each once')
  await until('it asks Redis again', async () => one.gate.ownSpend().issuedInOutage === undefined)
  for (let count = 0; count <= OUTAGE_ALLOWANCE; count++) t.ok(await one.reserve())
})

t.test('the allowance is within what was left when the outage began', async t => {
  const { replica, server } = await start(t, { shop: capped(3n * NEEDED) })
  const one = await replica()
  t.ok(await one.reserve())
  await server.kill9()
  t.ok(await one.reserve())
  t.ok(await one.reserve())
  t.notOk(await one.reserve())
})

t.test('a Redis that hangs holds up no request for long', async t => {
  const { replica, server } = await start(t)
  const one = await replica()
  server.pause()
  const startedMs = performance.now()
  t.ok(await one.reserve(), 'out of the allowance')
  t.ok(performance.now() - startedMs < 1_000)
  server.resume()
})

t.test('a Redis that answers but is not believed gives no new allowance', async t => {
  const { replica, redis } = await start(t)
  const one = await replica()
  one.known.isOutage = true
  for (let count = 0; count < OUTAGE_ALLOWANCE; count++) t.ok(await one.reserve())
  await until('Redis was told', async () => await redis.xlen('paid-issues') === OUTAGE_ALLOWANCE)
  t.notOk(await one.reserve())
})
