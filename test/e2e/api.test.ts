import t from 'tap'
import { until } from '../../scripts/until.ts'
import { startStack } from '../helpers/stack.ts'

const stack = await startStack(t, {
  slot: 7,
  environment: {
    SPILLWAY_STATIC_ICE_SERVERS: JSON.stringify([{ urls: 'turn:static.example.org:3478?transport=udp', username: 'u', credential: 'static-credential-of-the-test' }]),
    SPILLWAY_STUN_URLS: 'stun:stun.example.org:3478'
  }
})
stack.secrets.add('static-credential-of-the-test')
const key = await stack.createApp('shop', { maxTtlSeconds: 7200 })

t.test('POST /v1/credentials answers what RTCPeerConnection takes', async t => {
  const answer = await stack.issue(key, { user: 'alice', room: 'r1', ttl: 600 })
  t.equal(answer.status, 201)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  const { body } = answer
  t.match(body, { provider: 'coturn', ttl: 600, degraded: false, expiryEndsCalls: false, region: String, username: /^\d+:shop\./, password: String })
  t.match(body.iceServers, [{ urls: [/^turn:.*transport=udp$/, /^turn:.*transport=tcp$/], username: body.username, credential: body.password }])
  t.same(body.uris, body.iceServers[0].urls)
  const left = (Date.parse(body.expiresAt) - Date.now()) / 1000
  t.ok(left > 590 && left <= 600, `${left} s`)
  t.ok(Date.parse(body.refreshAfter) < Date.parse(body.expiresAt))
  t.equal(Number(body.username.split(':')[0]) * 1000, Date.parse(body.expiresAt))
})

t.test('a ttl above the cap of the app is cut, without one it is an hour, an empty body will do', async t => {
  t.equal((await stack.issue(key, { ttl: 86_400 })).body.ttl, 7200)
  t.equal((await stack.issue(key, {})).body.ttl, 3600)
  t.equal((await stack.issue(key)).status, 201)
})

const refusals: Array<[what: string, body: unknown, status: number, code: string]> = [
  ['a ttl that is a word', { ttl: 'x' }, 400, 'invalid_request'],
  ['a ttl that is a number in quotes', { ttl: '60' }, 400, 'invalid_request'],
  ['a negative ttl', { ttl: -1 }, 400, 'invalid_request'],
  ['a ttl of 0', { ttl: 0 }, 400, 'invalid_request'],
  ['a ttl above a day', { ttl: 86_401 }, 400, 'invalid_request'],
  ['a ttl beyond reason', { ttl: 1e12 }, 400, 'invalid_request'],
  ['half a second', { ttl: 1.5 }, 400, 'invalid_request'],
  ['an unknown field', { tll: 60 }, 400, 'invalid_request'],
  ['an empty user', { user: '' }, 400, 'invalid_request'],
  ['a list', [], 400, 'invalid_request'],
  ['malformed JSON', '{"ttl":', 400, 'malformed_json'],
  ['a body beyond 16 KiB', { user: 'x'.repeat(17_000) }, 413, 'body_too_large']
]
for (const [what, body, status, code] of refusals) {
  t.test(`${what} is refused as problem+json`, async t => {
    const answer = await stack.issue(key, body)
    t.equal(answer.status, status)
    t.match(answer.headers.get('content-type'), /^application\/problem\+json/)
    t.match(answer.body, { type: 'about:blank', title: String, status, code, detail: String })
  })
}

t.test('who has no key gets in nowhere', async t => {
  for (const token of ['', 'sk_wrong', `${key}x`, stack.adminToken]) {
    const answer = await stack.issue(token)
    t.equal(answer.status, 401)
    t.match(answer.body, { code: 'unauthorized' })
  }
  const bare = await fetch(`${stack.api}/v1/credentials`, { method: 'POST' })
  t.equal(bare.status, 401)
  t.equal(bare.headers.get('www-authenticate'), 'Bearer')
  for (const path of ['/apps', '/nodes', '/usage', '/sessions']) {
    t.equal((await stack.call(`${stack.ops}/admin/v1${path}`, 'GET', key)).status, 401, path)
    t.equal((await stack.call(`${stack.api}/admin/v1${path}`, 'GET', stack.adminToken)).status, 404, `${path} is not on the public port`)
  }
  t.equal((await stack.call(`${stack.api}/nothing?secret=1`, 'GET', key)).body.code, 'not_found')
})

t.test('GET /turn/credentials and /turn/status', async t => {
  const { status, body } = await stack.call(`${stack.api}/turn/credentials`, 'GET', key)
  t.equal(status, 200)
  t.match(body, { iceServers: [{ urls: Array, username: String, credential: String }], provider: 'coturn' })
  t.ok(body.expiresAt > Date.now())
  const answer = await fetch(`${stack.api}/turn/status`)
  const { timestamp, ...configured } = await answer.json() as Record<string, unknown>
  t.same(configured, { coturn: true, cloudflare: false, twilio: false, static: true })
  t.type(timestamp, 'number')
})

t.test('the TURN REST form: query and form, and every name clients give the key', async t => {
  const expected = { username: /^\d+:shop\.[0-9a-f]{24}\.[0-9a-f]{24}$/, password: String, ttl: 3600, uris: [/^turn:.*transport=udp$/, /^turn:.*transport=tcp$/] }
  const ask = async (query: Record<string, string>, form?: Record<string, string>) => {
    const response = await fetch(`${stack.api}/turn?${new URLSearchParams(query)}`, form ? { method: 'POST', body: new URLSearchParams(form) } : {})
    return { status: response.status, body: await response.json() as Record<string, any> }
  }
  const answers = [
    await ask({ service: 'turn', username: 'alice', key }),
    await ask({ service: 'turn', username: 'alice', api: key, room: 'of no concern' }),
    await ask({ username: 'alice', api_key: key }),
    await ask({ service: 'turn' }, { username: 'alice', key }),
    await ask({ service: 'turn', api: key, key, username: 'alice' }, { service: 'turn', api: key, key, username: 'alice' })
  ]
  for (const answer of answers) {
    t.match(answer, { status: 200, body: expected })
    t.same(Object.keys(answer.body).sort(), ['password', 'ttl', 'uris', 'username'])
    stack.secrets.add(answer.body.password)
  }
  t.equal(new Set(answers.map(({ body }) => body.username.split(':')[1])).size, 1, 'one user')
  t.match(await ask({ service: 'turn', username: 'alice' }), { status: 401, body: { code: 'unauthorized' } })
  t.match(await ask({ service: 'turn', key: 'sk_wrong' }), { status: 401, body: { code: 'unauthorized' } })
  t.match(await ask({ service: 'stun', key }), { status: 400, body: { code: 'invalid_request' } })
  const twice = await fetch(`${stack.api}/turn?key=a&key=b`)
  t.equal(twice.status, 400, 'a parameter given twice means nothing')
})

t.test('apps and keys by the admin API', async t => {
  t.equal((await stack.admin('POST', '/apps', { id: 'x' })).status, 400, 'too short')
  t.equal((await stack.admin('POST', '/apps', { id: 'union-select' })).status, 400, 'a name coturn refuses')
  const created = await stack.admin('POST', '/apps', { id: 'diner', name: 'The Diner' })
  t.equal(created.status, 201)
  t.match(created.body, { id: 'diner', name: 'The Diner', maxTtlSeconds: 86_400 })
  t.match((await stack.admin('POST', '/apps', { id: 'diner' })), { status: 409, body: { code: 'app_exists' } })
  t.match((await stack.admin('PATCH', '/apps/diner', { maxTtlSeconds: 60 })), { status: 200, body: { maxTtlSeconds: 60, name: 'The Diner' } })
  t.match((await stack.admin('GET', '/apps')).body.apps.map(({ id }: { id: string }) => id).sort(), ['demo', 'diner', 'shop'])

  const { body: first } = await stack.admin('POST', '/apps/diner/keys')
  t.match(first.key, /^sk_[A-Za-z0-9_-]{43}$/)
  await until('the key opens the app', async () => (await stack.issue(first.key)).body.ttl === 60)
  await until('its use is told', async () => (await stack.admin('GET', '/apps/diner/keys')).body.keys[0].lastUsedAt !== null)
  const [{ lastUsedAt, ...kept }] = (await stack.admin('GET', '/apps/diner/keys')).body.keys
  t.same(kept, { id: first.id, app: 'diner', kind: 'secret', createdAt: first.createdAt }, 'the key itself is not kept')
  t.ok(Date.parse(lastUsedAt) >= Date.parse(first.createdAt), `last used ${lastUsedAt}`)
  t.equal((await stack.admin('DELETE', `/apps/diner/keys/${first.id}`)).status, 204)
  await until('the revoked key is refused', async () => (await stack.issue(first.key)).status === 401, 2_000)
  t.match(await stack.admin('DELETE', `/apps/diner/keys/${first.id}`), { status: 404, body: { code: 'key_not_found' } })

  const { body: second } = await stack.admin('POST', '/apps/diner/keys')
  await until('the key opens the app', async () => (await stack.issue(second.key)).status === 201)
  t.equal((await stack.admin('DELETE', '/apps/diner')).status, 204)
  await until('the keys of a deleted app are refused', async () => (await stack.issue(second.key)).status === 401, 2_000)
  t.match(await stack.admin('GET', '/apps/diner'), { status: 404, body: { code: 'app_not_found' } })
  t.match(await stack.admin('POST', '/apps/diner/keys'), { status: 404, body: { code: 'app_not_found' } })
})

t.test('usage asked wrongly says what is wrong, asked rightly answers JSON and CSV', async t => {
  for (const query of ['by=user', 'from=yesterday', 'from=2026-01-02&to=2026-01-01', 'from=2001-01-01', 'nonsense=1']) {
    t.match(await stack.admin('GET', `/usage?${query}`), { status: 400, body: { code: 'invalid_request' } }, query)
  }
  const { body } = await stack.admin('GET', '/usage?by=app')
  t.match(body, { from: String, to: String, by: 'app', asOf: String, rows: Array })
  const demo = body.rows.find(({ key }: { key: string }) => key === 'demo')
  t.match(demo, { sessions: 4, lostSessions: 0, basis: 'measured', costMicroUsd: null }, 'what up itself has relayed, and the two URLs doctor has tried')
  for (const by of ['node', 'provider', 'region', 'hour', 'day']) {
    const { rows } = (await stack.admin('GET', `/usage?app=demo&by=${by}`)).body
    t.equal(rows.reduce((sum: number, row: { bytesIn: number }) => sum + row.bytesIn, 0), demo.bytesIn, `the same bytes by ${by}`)
  }
  const csv = await stack.admin<string>('GET', '/usage?app=demo&format=csv')
  t.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8')
  t.equal(csv.body, `key,sessions,lostSessions,seconds,bytesIn,bytesOut,packetsIn,packetsOut,costMicroUsd,basis\r\ndemo,4,0,${demo.seconds},${demo.bytesIn},${demo.bytesOut},${demo.packetsIn},${demo.packetsOut},,measured\r\n`)
})

t.test('the ops port says how it is', async t => {
  t.same(await (await fetch(`${stack.ops}/healthz`)).json(), { status: 'ok' })
  const { missing, degraded } = await (await fetch(`${stack.ops}/readyz`)).json() as { missing: object, degraded: Record<string, string> }
  t.same([missing, degraded.redis, degraded.nodes], [{}, undefined, undefined])
  const metrics = await (await fetch(`${stack.ops}/metrics`)).text()
  t.match(metrics, /spillway_credentials_issued_total\{app="shop",provider="coturn",reason="healthy"\} [1-9]/)
  t.notMatch(metrics, key)
})

t.test('without a relay the next provider of the order answers', async t => {
  process.kill(Number(await stack.read('nodes', 'node-1', 'coturn', 'turnserver.pid')), 'SIGKILL')
  await until('the fleet is known to be down', async () => (await stack.issue(key)).body.provider === 'static', 15_000)
  const { body } = await stack.issue(key)
  t.match(body, { provider: 'static', degraded: false, region: null, username: 'u', iceServers: [{ urls: ['turn:static.example.org:3478?transport=udp'] }] })
})

t.test('no log of this run holds a secret', stack.searchLogs)
