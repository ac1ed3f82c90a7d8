import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const REPLICAS = 4
const ADMIN_TOKEN = 'the admin token of this test'.replaceAll(' ', '-')
const redis = await startRedisServer(t, { variant: 'central' })
const startReplica = async () => {
  const { api, ops } = await startOwnProcess(t, 'control-plane', {
    SPILLWAY_REDIS_URL: redis.url(),
    SPILLWAY_MASTER_KEY: 'm'.repeat(40),
    SPILLWAY_ADMIN_TOKEN: ADMIN_TOKEN,
    SPILLWAY_CONTROL_PLANE_PORT: '0',
    SPILLWAY_CONTROL_PLANE_OPS_PORT: '0'
  }).started()
  return { api: `http://127.0.0.1:${api?.port}`, ops: `http://127.0.0.1:${ops?.port}` }
}
const replicas = await Promise.all(Array.from({ length: REPLICAS }, startReplica))
const at = (index: number) => replicas[index % REPLICAS] as { api: string, ops: string }

async function ask (url: string, method: string, token: string, body?: object) {
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}`, ...body ? { 'content-type': 'application/json' } : {} }, ...body ? { body: JSON.stringify(body) } : {} })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
}
const admin = async (index: number, method: string, path: string, body?: object) => await ask(`${at(index).ops}/admin/v1${path}`, method, ADMIN_TOKEN, body)
const issue = async (index: number, key: string, body: object = {}) => await ask(`${at(index).api}/v1/credentials`, 'POST', key, body)

/** A new app whose key opens every replica. */
async function appWithKey (id: string, settings: object = {}): Promise<string> {
  await admin(0, 'POST', '/apps', { id, ...settings })
  const { body } = await admin(1, 'POST', `/apps/${id}/keys`)
  for (let index = 0; index < REPLICAS; index++) {
    // explain spends nothing
    await until('the key opens this replica', async () => (await ask(`${at(index).api}/v1/credentials/explain`, 'POST', body.key)).status === 200)
  }
  return body.key
}

/** Asks all replicas in turn, as fast as they answer. */
async function flood (requests: number, key: string, body: object = {}) {
  const startedAt = performance.now()
  let next = 0
  const statuses: number[] = []
  await Promise.all(Array.from({ length: 4 * REPLICAS }, async () => {
    while (next < requests) {
      const index = next
      next += 1
      statuses.push((await issue(index, key, body)).status)
    }
  }))
  return { served: statuses.filter(status => status === 201).length, refused: statuses.filter(status => status === 429).length, seconds: (performance.now() - startedAt) / 1000 }
}

for (const [what, settings, body, perMinute] of [
  ['an app', { requestsPerMinute: { app: 600 } }, {}, 600],
  ['a user', { requestsPerMinute: { user: 200 } }, { user: 'ada' }, 200],
  ['a limit of a few', { requestsPerMinute: { app: 5 } }, {}, 5]
] as const) {
  t.test(`four replicas share the limit of ${what}, and overshoot it by one lease each at most`, async t => {
    const key = await appWithKey(`limit-${perMinute}`, settings)
    const { served, refused, seconds } = await flood(perMinute + 600, key, body)
    const refilled = Math.ceil(seconds * perMinute / 60)
    const leases = REPLICAS * Math.max(1, Math.floor(perMinute / 20))
    t.ok(served >= perMinute, `${served} served, no fewer than ${perMinute}`)
    t.ok(served <= perMinute + refilled + leases, `${served} served, no more than ${perMinute} + ${refilled} refilled + ${leases} on lease`)
    t.equal(served + refused, perMinute + 600, 'and every other one was told to come back')
  })
}

t.test('a burst within its limit is served whole, though it is many leases long', async t => {
  const key = await appWithKey('bursts', { requestsPerMinute: { user: 120 } })
  for (const user of ['ada', 'bob', 'eve']) {
    const answers = await Promise.all(Array.from({ length: 100 }, async () => await issue(0, key, { user })))
    t.equal(answers.filter(({ status }) => status === 201).length, 100, `all of ${user}'s`)
  }
})

t.test('a refusal says when to come back, an answer how much is left', async t => {
  const key = await appWithKey('headers', { requestsPerMinute: { user: 40 } })
  const first = await issue(0, key, { user: 'bob' })
  t.match(Object.fromEntries(first.headers), { 'ratelimit-limit': '40', 'ratelimit-remaining': '39', 'ratelimit-reset': '2' })
  await flood(100, key, { user: 'bob' })
  const last = await issue(0, key, { user: 'bob' })
  t.match(last, { status: 429, body: { code: 'rate_limited', detail: /for this user/ } })
  t.match(Object.fromEntries(last.headers), { 'retry-after': '2', 'ratelimit-limit': '40', 'ratelimit-remaining': '0' })
  t.equal((await issue(0, key, { user: 'eve' })).status, 201, 'another user is another matter')
})

t.test('a revoked key, a suspended app and a deleted one are refused by every replica within 2 s', async t => {
  const key = await appWithKey('revoked')
  const [{ id }] = (await admin(2, 'GET', '/apps/revoked/keys')).body.keys
  t.equal((await admin(3, 'DELETE', `/apps/revoked/keys/${id}`)).status, 204)
  await Promise.all(replicas.map(async (_, index) => {
    await until(`replica ${index} refuses it`, async () => (await issue(index, key)).status === 401, 2_000)
  }))

  const other = await appWithKey('suspended')
  await admin(1, 'PATCH', '/apps/suspended', { suspended: true })
  await Promise.all(replicas.map(async (_, index) => {
    await until(`replica ${index} has heard of it`, async () => (await issue(index, other)).body.code === 'app_suspended', 2_000)
  }))
  await admin(1, 'PATCH', '/apps/suspended', { suspended: false })
  await until('it is served again', async () => (await issue(2, other)).status === 201, 2_000)
  await admin(0, 'DELETE', '/apps/suspended')
  await Promise.all(replicas.map(async (_, index) => {
    await until(`replica ${index} knows no such key`, async () => (await issue(index, other)).status === 401, 2_000)
  }))
})

t.test('a replica that listens has read what there is, however much, and serves', async t => {
  const key = await appWithKey('first')
  const central = await redis.connect()
  const app = await central.hget('apps', 'first') ?? ''
  await central.hset('apps', ...Array.from({ length: 40_000 }, (_, index) => [`many-${index}`, app.replaceAll('"first"', `"many-${index}"`)]).flat())
  const { api } = await startReplica()
  t.match(await ask(`${api}/v1/credentials`, 'POST', key), { status: 201 })
})

t.test('with Redis away each replica goes on by itself and still has a limit', async t => {
  const key = await appWithKey('alone', { requestsPerMinute: { app: 120 } })
  await issue(0, key)
  await redis.stop()
  await until('the replica knows', async () => (await (await fetch(`${at(0).ops}/readyz`)).json() as any).status === 'degraded')
  const startedAt = performance.now()
  let served = 0
  while ((await issue(0, key)).status === 201) served += 1
  const refilled = Math.ceil((performance.now() - startedAt) / 1000 * 2)
  t.ok(served > 100 && served <= 120 + 6 + refilled, `${served} served, then refused`)
  t.equal((await issue(1, key)).status, 201, 'another replica has a bucket of its own')
  await redis.start()
  await until('Redis is read again', async () => (await (await fetch(`${at(0).ops}/readyz`)).json() as any).status === 'ready')
})
