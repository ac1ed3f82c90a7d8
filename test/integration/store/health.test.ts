import t from 'tap'
import { readHealth, readOwnHealth, removeHealth, writeHealth } from '../../../services/store/health.ts'
import { healthOf, TCP, UDP } from '../../helpers/node-facts.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
t.beforeEach(() => redis.flushall())
const [good, bad] = [healthOf({ [UDP]: 'good', [TCP]: 'good' }), healthOf({ [UDP]: 'bad', [TCP]: 'good' }, { stage: 'relay', cause: 'loss', code: null })]

t.test('what probers say is kept by node and prober, the newest in place of the one before', async t => {
  t.same(await readHealth(redis, []), new Map())
  await writeHealth(redis, 'eu-1', 'p', bad)
  await writeHealth(redis, 'eu-1', 'q', bad)
  await writeHealth(redis, 'eu-2', 'p', good)
  await writeHealth(redis, 'eu-1', 'p', good)
  t.same(await readHealth(redis, ['eu-2', 'eu-1', 'eu-3']), new Map([['eu-2', new Map([['p', good]])], ['eu-1', new Map([['p', good], ['q', bad]])], ['eu-3', new Map()]]))
})

t.test('a prober started anew reads what it said itself', async t => {
  await writeHealth(redis, 'eu-1', 'p', bad)
  await writeHealth(redis, 'eu-1', 'q', good)
  await redis.hset('health:eu-2', 'p', '{"beat":1}')
  t.same(await readOwnHealth(redis, 'eu-1', 'p'), bad)
  for (const [node, prober] of [['eu-1', 'r'], ['eu-2', 'p'], ['eu-3', 'p']] as const) t.equal(await readOwnHealth(redis, node, prober), undefined, `${node} ${prober}`)
})

t.test('a prober takes back its own word, and nobody else\'s', async t => {
  for (const node of ['eu-1', 'eu-2']) for (const prober of ['p', 'q']) await writeHealth(redis, node, prober, good)
  await removeHealth(redis, 'eu-1', 'p')
  await removeHealth(redis, 'gone', 'p')
  t.same([...await readHealth(redis, ['eu-1', 'eu-2'])].map(([node, health]) => [node, ...[...health.keys()].sort()]), [['eu-1', 'q'], ['eu-2', 'p', 'q']])
})

t.test('a prober that writes nonsense harms itself alone, and it is told', async t => {
  const { beat: _, ...incomplete } = good
  for (const nonsense of ['{', 'null', '[]', JSON.stringify(incomplete), JSON.stringify({ ...good, urls: [{ ...good.urls[0], state: 'splendid' }] })]) {
    await writeHealth(redis, 'eu-1', 'p', good)
    await redis.hset('health:eu-1', 'bad', nonsense)
    const told: string[] = []
    t.same(await readHealth(redis, ['eu-1'], prober => { told.push(prober) }), new Map([['eu-1', new Map([['p', good]])]]), nonsense.slice(0, 20))
    t.same(told, ['bad'])
  }
})

t.test('all nodes are read in one go', async t => {
  await writeHealth(redis, 'eu-1', 'p', good)
  const before = Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  await readHealth(redis, Array.from({ length: 50 }, (_, index) => `eu-${index}`))
  const after = Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  t.equal(after - before, 2, 'reads of the socket by the server: this one, and that for INFO')
})
