import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { OUTAGE_ALLOWANCE } from '../../../services/policy/check-budget.ts'
import { publishRateCard } from '../../../services/store/prices.ts'
import { ask, startControlPlane } from '../../helpers/control-plane.ts'
import type { ControlPlane } from '../../helpers/control-plane.ts'
import { startFakeProviders } from '../../helpers/fake-providers.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const REPLICAS = 4
/** micro-USD a credential of Cloudflare: 7.5 MB out at 0.05 a GB. */
const NEEDED = 375
const DAY_SECONDS = 86_400
/** Noon, so that no test runs into midnight by itself. */
const [FIRST_NOON_MS, DAY_NAME] = [Date.UTC(2031, 4, 4, 12), '20310504']

/** A clock that can be moved while processes run by it (libfaketime); timers go by another one, which is left alone. */
function startClock (t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-clock-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const file = join(folder, 'offset')
  const set = (aheadSeconds: number): void => { writeFileSync(file, `${aheadSeconds >= 0 ? '+' : ''}${aheadSeconds}s\n`) }
  const toNoon = Math.round((FIRST_NOON_MS - Date.now()) / 1000)
  set(toNoon)
  return {
    settings: { LD_PRELOAD: '/usr/$LIB/faketime/libfaketime.so.1', FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    /** takes a second to be noticed */
    moveTo: (day: number): void => { set(toNoon + day * DAY_SECONDS) }
  }
}

/** Four control planes over one Redis without a relay: every credential is a spill to Cloudflare, or STUN. */
async function startReplicas (t: Test, settings: Record<string, string> = {}) {
  const server = await startRedisServer(t, { variant: 'central' })
  const { cloudflare, settings: paid } = await startFakeProviders(t)
  const redis = await server.connect()
  await publishRateCard(redis, { prices: [{ provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }], flat: [], credits: [] })
  const planes: ControlPlane[] = []
  for (let replica = 0; replica < REPLICAS; replica++) {
    planes.push(await startControlPlane(t, { redis: server, settings: { ...paid, SPILLWAY_PROVIDER_ORDER: 'coturn,cloudflare,stun', ...settings } }))
  }
  const [door] = planes as [ControlPlane]
  const caughtUp = async () => { await Promise.all(planes.map(async plane => { await plane.caughtUp() })) }
  // what proves the key shall cost nothing
  const key = await door.createApp('shop', { paidSpill: false, requestsPerMinute: { app: 1_000_000, user: 1_000_000 } })
  await door.admin('PATCH', '/apps/shop', { paidSpill: true })
  await caughtUp()
  return {
    server,
    redis,
    cloudflare,
    door,
    planes,
    key,
    caughtUp,
    /** Credentials asked of each replica at once; how many of each replica's were paid for. */
    burst: async (each: number): Promise<number[]> => await Promise.all(planes.map(async plane => {
      const answers = await Promise.all(Array.from({ length: each }, async () => await plane.issue(key)))
      return answers.filter(({ body }) => body.provider === 'cloudflare').length
    }))
  }
}
/** Days since the first, by the clock of a control plane. */
const dayOf = async ({ api }: ControlPlane): Promise<number> =>
  Math.round(((await ask(`${api}/turn/status`, 'GET')).body.timestamp - FIRST_NOON_MS) / 1000 / DAY_SECONDS)
const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

const clock = startClock(t)
const { server, door, planes, key, cloudflare, redis, burst, caughtUp } = await startReplicas(t, clock.settings)

t.test('a burst over four control planes spends a budget and no more, and the next day has another, until the month has none', async t => {
  await door.admin('PUT', '/budgets?app=shop', { dayMicroUsd: String(10 * NEEDED + 1), monthMicroUsd: String(25 * NEEDED) })
  await caughtUp()
  const before = cloudflare.count('mint')
  const minted = () => cloudflare.count('mint') - before
  t.equal(sum(await burst(25)), 10, 'of a hundred')
  t.equal(minted(), 10, 'nobody was asked for what could not be paid')
  t.equal(await redis.hget(`reserved-spend:${DAY_NAME}`, 'shop'), String(10 * NEEDED))
  t.equal(sum(await burst(5)), 0)
  t.match((await door.admin('GET', '/budgets?app=shop')).body.budgets, [{ day: { reservedMicroUsd: String(10 * NEEDED), leftMicroUsd: '1' }, month: { leftMicroUsd: String(15 * NEEDED) } }])

  for (const [day, opens] of [[1, 10], [2, 5], [3, 0]] as const) {
    clock.moveTo(day)
    await until('all have seen the day begin', async () => (await Promise.all(planes.map(dayOf))).every(seen => seen === day))
    t.equal(sum(await burst(25)), opens, `day ${day}`)
  }
  t.equal(minted(), 25)
})

t.test('with Redis away each of four has the local allowance and no more', async t => {
  await door.admin('PUT', '/budgets?app=shop', { dayMicroUsd: String(1_000 * NEEDED) })
  await caughtUp()
  await server.kill9()
  const before = cloudflare.count('mint')
  t.same(await burst(40), Array.from({ length: REPLICAS }, () => OUTAGE_ALLOWANCE))
  t.same(await burst(5), [0, 0, 0, 0])
  t.equal(cloudflare.count('mint') - before, REPLICAS * OUTAGE_ALLOWANCE)
  await server.start()
  const explained = async ({ api }: ControlPlane) => (await ask(`${api}/v1/credentials/explain`, 'POST', { token: key })).body
  await until('all read Redis again', async () => (await Promise.all(planes.map(explained))).every(({ stale, skipped }) => !stale && skipped.length === 1))
  t.same(await burst(1), [1, 1, 1, 1], 'and spend from the budget')
})
