import { once } from 'node:events'
import t from 'tap'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { createRedisMetrics } from '../../../services/runtime/watch-redis.ts'
import { until } from '../../../scripts/until.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { findSample } from '../../helpers/samples.ts'

t.test('what befalls a connection is counted, each time once', async t => {
  const server = await startRedisServer(t)
  const redis = await server.connect()
  const metrics = createMetrics('test', '0.0.0')
  const pinging = createRedisMetrics(metrics, ['central'])('central', redis)
  t.teardown(async () => { await pinging.stop() })
  const sample = async (name: string) => findSample(await metrics.registry.metrics(), `spillway_redis_${name}`)
  await until('it answers', async () => await sample('up') === 1)
  t.equal(await sample('errors_total'), 0)

  server.pause()
  await until('it answers no more', async () => await sample('up') === 0)
  const unanswered = await sample('errors_total') as number
  t.ok(unanswered > 0, 'a PING without an answer')
  server.resume()
  await until('it answers again', async () => await sample('up') === 1)

  const before = await sample('errors_total') as number
  let failed = 0
  redis.on('reconnecting', () => { failed++ })
  // it closes its connections in order: no error of a socket tells of that
  await server.stop()
  await until('a connection has broken, and one could not be made', () => failed > 1)
  await until('a PING has failed', async () => await sample('up') === 0)
  await server.start()
  await until('it is up again', async () => await sample('up') === 1)
  t.equal(await sample('errors_total'), before + failed)
  t.equal(await sample('reconnects_total'), 1)

  const atLast = await sample('errors_total')
  const ended = once(redis, 'end')
  redis.disconnect()
  await ended
  t.equal(await sample('errors_total'), atLast, 'an end that was asked for is no error')
})
