import { setImmediate as immediate } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { createIssuedRecorder } from '../../../services/control-plane/record-issued.ts'
import { newApp, NO_RELAY_CAPS } from '../../../services/domain/app.ts'
import type { Decision } from '../../../services/domain/decision.ts'
import { readDecisions } from '../../../services/store/decisions.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const server = await startRedisServer(t, { variant: 'central' })
const redis = await server.connect()
t.beforeEach(() => redis.flushall())

const app = newApp('shop', '')
const decision = (atMs: number): Decision =>
  ({ atMs, app: 'shop', userTag: '0123456789abcdef01234567', caller: 'secret', provider: 'coturn', reason: 'healthy', nodes: ['n'], region: 'eu', ttlSeconds: 60, expiresAtSeconds: 60, failed: [] })

function begin () {
  const said = { dropped: 0, errors: 0 }
  const recorder = createIssuedRecorder({ redis, replica: 'r', now: Date.now, onDropped: count => { said.dropped += count }, onError: () => { said.errors += 1 } })
  return { recorder, said }
}
async function recorded (): Promise<number[]> {
  const told: number[] = []
  for await (const { decisions } of readDecisions(redis)) told.push(...decisions.map(({ atMs }) => atMs))
  return told.reverse()
}
const kept = async () => Number(await redis.hget('decision-batches', 'records'))

t.test('what was issued is told in its order, once, and the last of it when the process ends', async t => {
  const { recorder } = begin()
  for (let atMs = 0; atMs < 2_500; atMs++) recorder.record(app, decision(atMs))
  await until('the first have been told', async () => await kept() > 0)
  for (let atMs = 2_500; atMs < 3_000; atMs++) recorder.record(app, decision(atMs))
  await recorder.stop()
  t.same(await recorded(), Array.from({ length: 3_000 }, (_, atMs) => atMs))
})

t.test('what comes while a script runs waits for the next one: there are few, however steadily records come', async t => {
  const { recorder } = begin()
  await redis.config('RESETSTAT')
  const records = 10_000
  for (let atMs = 0; atMs < records; atMs++) {
    recorder.record(app, decision(atMs))
    await immediate()
  }
  await recorder.stop()
  t.equal((await recorded()).length, records)
  const [, calls] = /^cmdstat_evalsha:calls=(\d+)/m.exec(await redis.info('commandstats')) ?? []
  // a script takes 128 records, and what else is spelled with the last of them: 143 at most
  t.ok(Number(calls) >= records / 143 && Number(calls) < records / 64, `${calls} scripts`)
})

t.test('records of any length are told, where few of them fill a script, and where sixteen are too much for one', async t => {
  const { recorder } = begin()
  const regions = Array.from({ length: 400 }, (_, at) => 'r'.repeat(at < 200 ? 480 : 5_000))
  for (const [atMs, region] of regions.entries()) recorder.record(app, { ...decision(atMs), region })
  await recorder.stop()
  const told: Array<string | null> = []
  for await (const { decisions } of readDecisions(redis)) told.push(...decisions.map(({ region }) => region))
  t.same(told.reverse(), regions)
})

t.test('while Redis is away it waits, the oldest go when there is no more room, and they are counted', async t => {
  const { recorder, said } = begin()
  await server.stop()
  for (let atMs = 0; atMs < 25_000; atMs++) recorder.record(app, decision(atMs))
  recorder.useKey('k', 1_000_000)
  await until('it has tried', () => said.errors > 0)
  await server.start()
  await until('Redis has it', async () => await kept().catch(() => 0) === 25_000 - said.dropped)
  await recorder.stop()
  t.ok(said.dropped >= 5_000 && said.dropped <= 6_000, `${said.dropped} were dropped`)
  t.same(await recorded(), Array.from({ length: 25_000 - said.dropped }, (_, index) => said.dropped + index))
  t.equal(await redis.hget('app-keys:used', 'k'), '1000000', 'when a key was used is not forgotten either')
})

t.test('what is dropped while others are on their way is not what is on its way', async t => {
  const { recorder, said } = begin()
  const admin = await server.connect()
  await admin.call('CLIENT', 'PAUSE', '30000', 'WRITE')
  for (let atMs = 0; atMs < 7; atMs++) recorder.record(app, decision(atMs))
  await until('Redis holds back the script with them', async () => /cmd=evalsha/.test(String(await admin.client('LIST'))))
  const records = 20_500
  for (let atMs = 7; atMs < records; atMs++) recorder.record(app, decision(atMs))
  t.ok(said.dropped >= 480, `${said.dropped} were dropped meanwhile`)
  await admin.call('CLIENT', 'UNPAUSE')
  await recorder.stop()
  const all = await recorded()
  t.same(all.slice(0, 8), [...Array.from({ length: 7 }, (_, atMs) => atMs), 7 + said.dropped], 'those on their way arrived, the next were dropped')
  t.equal(all.length + said.dropped, records)
})

t.test('several scripts are on their way at a time, so that a Redis which is far away keeps up', async t => {
  const { recorder } = begin()
  const admin = await server.connect()
  await admin.call('CLIENT', 'PAUSE', '30000', 'WRITE')
  const records = 8 * 128
  for (let atMs = 0; atMs < records; atMs++) recorder.record(app, decision(atMs))
  const received = async (): Promise<number> => Math.max(...[...String(await admin.client('LIST')).matchAll(/ qbuf=(\d+) /g)].map(([, bytes]) => Number(bytes)))
  await until('Redis has most of them before it has answered for one', async () => await received() > JSON.stringify(decision(0)).length * records / 2)
  await admin.call('CLIENT', 'UNPAUSE')
  await recorder.stop()
  t.same(await recorded(), Array.from({ length: records }, (_, atMs) => atMs))
})

t.test('of an outage with little to do as many are kept as of one with much', async t => {
  const { recorder, said } = begin()
  await server.stop()
  let records = 0
  const issue = (count: number): void => { for (let at = 0; at < count; at++) recorder.record(app, decision(records++)) }
  for (const count of [10, 25, 30, 30, 30, 30, 1]) {
    const tried = said.errors
    issue(count)
    // one turn may have been under way
    await until('they were to be told', () => said.errors > tried + 1)
  }
  issue(30_000)
  // 15 are not spelled yet
  t.ok(records - said.dropped <= 20_000 + 15, `${records - said.dropped} are kept`)
  await server.start()
  await until('Redis has it', async () => await kept().catch(() => 0) >= records - said.dropped)
  await recorder.stop()
  t.same(await recorded(), Array.from({ length: records - said.dropped }, (_, index) => said.dropped + index))
})

t.test('a hash that somebody has changed by hand does not make Redis search for ever, and records go on', async t => {
  const { recorder } = begin()
  await redis.hset('decision-batches', { last: 3, dropped: 0, records: 1e15 })
  recorder.record(app, decision(1))
  await until('it is told', async () => await redis.hget('decision-batches', 'last') === '4')
  t.same([await kept(), await recorded()], [1, [1]], 'counted anew')
  await redis.hset('decision-batches', { dropped: 99 })
  recorder.record(app, decision(2))
  await recorder.stop()
  t.same([await kept(), await recorded()], [1, [2]], 'and found again')
})

t.test('an app whose places cannot be told holds up the records of none', async t => {
  const { recorder, said } = begin()
  await redis.set('reserved:shop', 'not a set')
  recorder.record({ ...app, relayCaps: { ...NO_RELAY_CAPS, appSessions: 1 } }, decision(Date.now()))
  await until('it has tried twice', () => said.errors > 1)
  t.equal((await recorded()).length, 1, 'and none is told twice')
  await redis.del('reserved:shop')
  await recorder.stop()
  t.equal(await redis.zcard('reserved:shop'), 1)
})

t.test('places are given for own relays of apps that have a cap on sessions, and told to the others', async t => {
  const { recorder } = begin()
  const capped = { ...app, relayCaps: { ...NO_RELAY_CAPS, appSessions: 1 } }
  const nowMs = Date.now()
  recorder.record(app, decision(nowMs))
  recorder.record(capped, { ...decision(nowMs), provider: 'stun' })
  t.same([...recorder.placesOf('shop')], [])
  recorder.record(capped, decision(nowMs))
  recorder.record(capped, decision(nowMs))
  t.equal([...recorder.placesOf('shop')].length, 2, 'at once, for each issue')
  await recorder.stop()
  t.same((await redis.zrange('reserved:shop', '0', '-1')).sort(), [...recorder.placesOf('shop')].sort())
})

t.test('the use of a key is told once a minute', async t => {
  const { recorder } = begin()
  recorder.useKey('k', 100_000)
  recorder.useKey('k', 159_999)
  await recorder.stop()
  t.equal(await redis.hget('app-keys:used', 'k'), '100000')
  recorder.useKey('k', 160_000)
  await recorder.stop()
  t.equal(await redis.hget('app-keys:used', 'k'), '160000')
})
