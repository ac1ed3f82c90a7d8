import { pino } from 'pino'
import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { scheduleJobs } from '../../../services/ledger/jobs.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createPriceList } from '../../../services/ledger/price-list.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import type { Redis } from '../../../services/store/connect.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const logger = pino({ level: 'silent' })
const listOf = (redis: Redis) => createPriceList(redis, { prices: [], flat: [], credits: [] })

t.test('of two ledgers with the same schedule one runs each firing, and a job that fails runs again', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  let runs = 0
  const metrics = ['one', 'two'].map(() => createLedgerMetrics(createMetrics('ledger', 'test')))
  const work = async () => {
    runs += 1
    if (runs === 1) throw new Error('the first one fails')
  }
  for (const own of metrics) {
    const redis = await server.connect()
    const jobs = scheduleJobs({ redis, metrics: own, logger, prices: listOf(redis) }, [{ name: 'tick', expression: '* * * * * *', work }])
    t.teardown(jobs.stop)
  }
  const redis = await server.connect()
  await until('it has run three times', () => runs >= 3)
  const marks = (await redis.keys('job:*')).length
  t.ok(runs <= marks, `${runs} runs of ${marks} firings`)
  t.ok(metrics.some(({ jobs }) => (jobs.get({ task: 'tick' }) ?? 0) > 0))
  t.equal(metrics.reduce((sum, { failures }) => sum + failures.get({ task: 'tick' }), 0), 1)
  t.ok(metrics.some(({ leader }) => leader.get({ task: 'tick' }) === 1), 'one of them ran the last')
})

t.test('while Redis is away no firing runs, for nobody could tell who runs it', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  let ran = 0
  let asked = 0
  const set = redis.set.bind(redis)
  redis.set = ((...args: Parameters<typeof set>) => {
    asked += 1
    return set(...args)
  }) as typeof redis.set
  await server.stop()
  const jobs = scheduleJobs({ redis, metrics: createLedgerMetrics(createMetrics('ledger', 'test')), logger, prices: listOf(redis) }, [{ name: 'tick', expression: '* * * * * *', work: async () => { ran += 1 } }])
  t.teardown(jobs.stop)
  await until('two firings were asked for', () => asked >= 2)
  t.equal(ran, 0)
})

t.test('who sees another one run a job twice in a row drops what it shows of it, and not before', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const [redis, other] = [await server.connect(), await server.connect()]
  const claim = redis.set.bind(redis)
  let firings = 0
  const others = [2, 4, 5]
  redis.set = (async (...args: Parameters<typeof claim>) => {
    firings += 1
    if (others.includes(firings)) await other.set(...args)
    return await claim(...args)
  }) as typeof redis.set
  const droppedAt: number[] = []
  const jobs = scheduleJobs({ redis, metrics: createLedgerMetrics(createMetrics('ledger', 'test')), logger, prices: listOf(redis) }, [{
    name: 'tick', expression: '* * * * * *', work: async () => {}, elsewhere: () => { droppedAt.push(firings) }
  }])
  t.teardown(jobs.stop)
  await until('six firings were asked for', () => firings >= 6)
  t.same(droppedAt, [5])
})
