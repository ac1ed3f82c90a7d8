import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { sharePromises } from '../../../services/control-plane/share-promises.ts'
import { PROMISE_MS, PromiseBook } from '../../../services/policy/keep-promises.ts'
import { readPromises } from '../../../services/store/promises.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const START_MS = 1_800_000_000_000

t.test('what one control plane promises stands against the node at the others, once, until it is old', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  const clock = { nowMs: START_MS }
  const [here, there] = [new PromiseBook(), new PromiseBook()]
  const sharing = sharePromises(redis, 'here', here, () => clock.nowMs, () => {})
  t.teardown(async () => { await sharing.stop() })
  const look = async () => { there.follow({ nodes: [{ id: 'a', beat: 1 }], promises: await readPromises(redis, 'there') }, clock.nowMs) }
  await look()
  clock.nowMs += 1_000
  here.promise('a', 3, clock.nowMs)
  here.promise('a', 2, clock.nowMs)
  await sharing.now()
  await look()
  t.equal(there.promised('a'), 5)
  t.same(await readPromises(redis, 'here'), new Map(), 'its own are not others')
  here.promise('a', 1, clock.nowMs)
  await sharing.now()
  await sharing.now()
  await look()
  t.equal(there.promised('a'), 6, 'more in the same second adds up, and is told once')

  clock.nowMs += PROMISE_MS + 2_000
  await sharing.now()
  t.same(await redis.hgetall('promises'), {}, 'what is old is taken out again')
  t.ok(await redis.exists('promises') === 0)
})

t.test('what could not be told while Redis was away is told when it is back', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  const book = new PromiseBook()
  const errors: Error[] = []
  const sharing = sharePromises(redis, 'here', book, () => START_MS, error => { errors.push(error) })
  t.teardown(async () => { await sharing.stop() })
  await server.stop()
  book.promise('a', 3, START_MS)
  await until('it could not be told', () => errors.length > 0)
  await server.start()
  await until('it is told', async () => (await readPromises(redis, 'there').catch(() => new Map())).get('a')?.[0]?.[1] === 3)
  t.pass('once')
})
