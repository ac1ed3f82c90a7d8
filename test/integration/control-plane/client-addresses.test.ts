import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import type { Redis } from '../../../services/store/connect.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import type { ControlPlane } from '../../helpers/control-plane.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const ORIGIN = 'https://shop.example'
const LIMIT = 4

/** An app whose publishable key each address may use four times a minute. */
async function open (door: ControlPlane, id: string): Promise<string> {
  await door.admin('POST', '/apps', { id, allowedOrigins: [ORIGIN], requestsPerMinute: { address: LIMIT } })
  const { body: { key } } = await door.admin('POST', `/apps/${id}/keys`, { kind: 'publishable' })
  await until('the key is known', async () => (await door.issue(key)).status === 403)
  return key
}

/** Asks in turn until it is refused; how often it was not. */
async function spend (door: ControlPlane, key: string, forwardedFor: string, atMost = 3 * LIMIT): Promise<number> {
  for (let served = 0; served < atMost; served++) {
    const answer = await door.issue(key, undefined, { origin: ORIGIN, 'x-forwarded-for': forwardedFor })
    if (answer.status === 429) return served
    if (answer.status !== 201) throw new Error(answer.text)
  }
  return atMost
}

const READERS: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, '0', '-1'),
  list: (redis, key) => redis.lrange(key, 0, -1),
  stream: (redis, key) => redis.xrange(key, '-', '+')
}
/** Everything a Redis holds, as text. */
async function dump (redis: Redis): Promise<string> {
  const texts: string[] = []
  for (const key of await redis.keys('*')) {
    const read = READERS[await redis.type(key)]
    if (!read) throw new Error(`cannot read ${key}`)
    texts.push(key, JSON.stringify(await read(redis, key)))
  }
  return texts.join('\n')
}

/** Of a limit a replica may overshoot by one lease, here of one token. */
const isOneClient = (t: Test, served: number, what: string): void => { t.ok(served === LIMIT || served === LIMIT + 1, `${what}: ${served}`) }

const isRefused = async (t: Test, door: ControlPlane, key: string, forwardedFor: string) => {
  const answer = await door.issue(key, undefined, { origin: ORIGIN, 'x-forwarded-for': forwardedFor })
  expectProblem(t, answer, 429, 'rate_limited', forwardedFor)
  t.match(answer.body.detail, /from this address/)
  t.ok(Number(answer.headers.get('retry-after')) >= 1)
  t.match(answer.headers.get('ratelimit-limit'), String(LIMIT))
  t.equal(answer.headers.get('access-control-allow-origin'), ORIGIN, 'and its page may read that')
}

t.test('X-Forwarded-For is believed from a trusted proxy, one hop after the other', async t => {
  const door = await startControlPlane(t, { settings: { SPILLWAY_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } })
  const key = await open(door, 'shop')
  isOneClient(t, await spend(door, key, '198.51.100.7'), 'one address')
  await isRefused(t, door, key, '198.51.100.7')
  isOneClient(t, await spend(door, key, '198.51.100.8'), 'another address is another client')
  await isRefused(t, door, key, '203.0.113.5, 198.51.100.7')
  await isRefused(t, door, key, '198.51.100.7, 10.1.2.3')
  isOneClient(t, await spend(door, key, '198.51.100.7, 192.0.2.33'), 'what stands before an untrusted hop is hearsay')
  await isRefused(t, door, key, '::ffff:198.51.100.7')
})

t.test('an IPv6 /64 is one client, the next one another', async t => {
  const door = await startControlPlane(t, { settings: { SPILLWAY_TRUSTED_PROXIES: '127.0.0.0/8' } })
  const key = await open(door, 'shop')
  isOneClient(t, await spend(door, key, '2001:db8:7:7::1'), 'one /64')
  await isRefused(t, door, key, '2001:db8:7:7:ffff:ffff:ffff:ffff')
  isOneClient(t, await spend(door, key, '2001:db8:7:8::1'), 'the next /64')
})

t.test('without a trusted proxy, or from one that is not, the header counts for nothing', async t => {
  const redis = await startRedisServer(t, { variant: 'central' })
  for (const [id, trusted] of [['alone', undefined], ['elsewhere', '192.0.2.0/24']] as const) {
    const door = await startControlPlane(t, { redis, settings: trusted === undefined ? {} : { SPILLWAY_TRUSTED_PROXIES: trusted } })
    const key = await open(door, id)
    let number = 0
    let served = 0
    while (served < 3 * LIMIT && (await door.issue(key, undefined, { origin: ORIGIN, 'x-forwarded-for': `198.51.100.${number++}` })).status === 201) served += 1
    isOneClient(t, served, 'a new address in each request helps nobody')
  }
})

t.test('no address stands in Redis or in a log, whatever the header holds', async t => {
  const door = await startControlPlane(t, { settings: { SPILLWAY_TRUSTED_PROXIES: '127.0.0.1', SPILLWAY_LOG_LEVEL: 'trace' } })
  const key = await open(door, 'shop')
  const secret = await door.createKey('shop')
  const addresses = ['198.51.100.77', '2001:db8:77:77::77', '203.0.113.77', 'nonsense-77', 'x'.repeat(4_000), "'; DROP TABLE", '999.999.999.999', '1.2.3.4:5678', '[2001:db8:99::1]:443']
  for (const address of addresses) {
    for (let again = 0; again < LIMIT + 2; again++) t.ok([201, 429].includes((await door.issue(key, undefined, { origin: ORIGIN, 'x-forwarded-for': address })).status))
    await door.issue(secret, { user: 'alice-of-the-test' }, { 'x-forwarded-for': address })
  }
  const redis = await door.redis.connect()
  await until('the limits are in Redis', async () => (await redis.keys('limit:address:*')).length >= addresses.length - 1)
  await until('the credentials are on record', async () => await redis.hget('decision-batches', 'records') !== null)
  const kept = await dump(redis)
  t.match(kept, /limit:address:shop:[0-9a-f]{24}/, 'limits are named after a keyed hash')
  for (const found of [...addresses, '127.0.0.1', '198.51.100', '2001:db8:77', 'alice-of-the-test']) t.notOk(kept.includes(found), `Redis: ${found.slice(0, 20)}`)
  // its own addresses, where it listens, are all it tells of
  const log = door.log.split('\n').filter(line => !/"msg":"(control-plane runs|Server listening)/.test(line)).join('\n')
  t.match(log, /"msg":"request"/)
  for (const found of [...addresses, '127.0.0.1', '198.51.100', '2001:db8:77', 'alice-of-the-test', key, secret]) t.notOk(log.includes(found), `log: ${found.slice(0, 20)}`)
})
