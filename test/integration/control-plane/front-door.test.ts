import { randomBytes } from 'node:crypto'
import t from 'tap'
import { readRules } from '../../../infra/prometheus/read-rules.ts'
import { runbookUrl } from '../../../infra/prometheus/runbook-url.ts'
import { until } from '../../../scripts/until.ts'
import { tagOf } from '../../helpers/counts.ts'
import { ask, expectProblem, MASTER_KEY, ADMIN_TOKEN, startControlPlane } from '../../helpers/control-plane.ts'
import { secretsIn } from '../../helpers/search-logs.ts'

const door = await startControlPlane(t)
await door.addNode('eu-1')
const key = await door.createApp('shop')
const publishable = await door.createKey('shop', 'publishable')
/** Sent or answered here, and nobody else's to read. */
const secrets = new Set([MASTER_KEY, ADMIN_TOKEN, key, publishable])
const strange = (prefix = 'sk_') => {
  const made = `${prefix}${randomBytes(32).toString('base64url')}`
  secrets.add(made)
  return made
}

t.test('who is refused for the key it brings', async t => {
  const { body: { id, key: revoked } } = await door.admin('POST', '/apps/shop/keys')
  secrets.add(revoked)
  await until('the key is known', async () => (await door.issue(revoked)).status === 201)
  await door.admin('DELETE', `/apps/shop/keys/${id}`)
  await until('the revoked key is refused', async () => (await door.issue(revoked)).status === 401, 3_000)
  expectProblem(t, await door.issue(revoked), 401, 'unauthorized', 'a revoked key')
  t.equal((await door.issue(key)).status, 201, 'and only that one was revoked')

  const bearers = { 'a wrong key': strange(), 'an admin token': ADMIN_TOKEN, 'a key with one letter more': `${key}x`, 'a key in capitals': key.toUpperCase(), 'a key of the wrong kind': key.replace('sk_', 'pk_'), 'very much': 'x'.repeat(8_000), 'two dots': 'a.b.' }
  for (const [what, token] of Object.entries(bearers)) {
    const answer = await door.issue(token)
    expectProblem(t, answer, 401, token.includes('.') ? 'invalid_token' : 'unauthorized', what)
    t.match(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"', what)
  }
  for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${key}`, key, `Bearer ${key} ${key}`, `Bearer\t${key}`, `Bearer ${key},`]) {
    expectProblem(t, await ask(`${door.api}/v1/credentials`, 'POST', { headers: { authorization } }), 401, 'unauthorized', JSON.stringify(authorization.replaceAll(key, '<key>')))
  }
  expectProblem(t, await ask(`${door.api}/turn/credentials`, 'GET'), 401, 'unauthorized', 'nothing at all')
  t.equal((await ask(`${door.api}/v1/credentials`, 'POST', { headers: { authorization: `bEARER   ${key}` } })).status, 201, 'the scheme is of any case (RFC 9110, 11.1)')
})

t.test('a suspended app gets nothing on any call, and all again once it is taken back', async t => {
  const key = await door.createApp('closed')
  secrets.add(key)
  await door.admin('PATCH', '/apps/closed', { suspended: true })
  await until('it is suspended', async () => (await door.issue(key)).status === 403, 3_000)
  expectProblem(t, await door.issue(key), 403, 'app_suspended', 'credentials')
  expectProblem(t, await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: key }), 403, 'app_suspended', 'explain')
  expectProblem(t, await ask(`${door.api}/turn/credentials`, 'GET', { token: key }), 403, 'app_suspended', 'the short form')
  expectProblem(t, await ask(`${door.api}/turn?key=${key}`, 'GET'), 403, 'app_suspended', 'the TURN REST form')
  await door.admin('PATCH', '/apps/closed', { suspended: false })
  await until('it is served again', async () => (await door.issue(key)).status === 201, 3_000)
})

const bodies: Array<[what: string, body: unknown, status: number, code: string]> = [
  ...['x', '60', -1, 0, 1e12, 1.5, 86_401, 1e308, true, null, [60], { seconds: 60 }].map(ttl => [`a ttl of ${JSON.stringify(ttl)}`, { ttl }, 400, 'invalid_request'] as [string, unknown, number, string]),
  ['a ttl no number holds', '{"ttl":1e999}', 400, 'invalid_request'],
  ['an unknown field', { tll: 60 }, 400, 'invalid_request'],
  ['a name of every object', '{"constructor":{"prototype":{"x":1}}}', 400, 'malformed_json'],
  ['its prototype', '{"__proto__":{"admin":true}}', 400, 'malformed_json'],
  ['a user that is a number', { user: 7 }, 400, 'invalid_request'],
  ['a room beyond 1024', { room: 'r'.repeat(1025) }, 400, 'invalid_request'],
  ['a region in capitals', { region: 'EU' }, 400, 'invalid_request'],
  ['a list', [], 400, 'invalid_request'],
  ['a word', '"x"', 400, 'invalid_request'],
  ['null', 'null', 400, 'invalid_request'],
  ['half an object', '{"ttl":', 400, 'malformed_json'],
  ['two objects', '{}{}', 400, 'malformed_json'],
  ['no JSON', 'ttl=60', 400, 'malformed_json'],
  ['a byte order mark', '\ufeff{', 400, 'malformed_json'],
  ['brackets without end', '['.repeat(16_000), 400, 'malformed_json'],
  ['a body of 16 KiB and a byte', `{"user":"${'x'.repeat(16 * 1024 + 1 - 11)}"}`, 413, 'body_too_large'],
  ['a body of a megabyte', { user: 'x'.repeat(1 << 20) }, 413, 'body_too_large']
]
t.test('which bodies are refused, as what', async t => {
  for (const [what, body, status, code] of bodies) expectProblem(t, await door.issue(key, body), status, code, what)
  t.match((await door.issue(key, { tll: 60 })).body.detail, /"tll"/, 'the field is named')
})

t.test('a user of any form and length has one tag of its own', async t => {
  const users = ['a', 'x'.repeat(16_000), 'Ω≈ç√', '\ud800', '\udc00', 'a\0b', '../../etc', '__proto__', 'a:b.c', ' ']
  const tagFor = async (user: string) => {
    const { status, body } = await door.issue(key, { user })
    t.equal(status, 201, JSON.stringify(user.slice(0, 20)))
    for (const secret of secretsIn(body)) secrets.add(secret)
    return tagOf(body.username)
  }
  const tags = await Promise.all(users.map(tagFor))
  t.equal(new Set(tags).size, users.length, 'no two of them the same')
  t.same(await Promise.all(users.map(tagFor)), tags, 'and the same again')
})

t.test('what is no body of ours, and where there is nothing', async t => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'nonsense', 'multipart/form-data; boundary=x', '*/*']) {
    expectProblem(t, await door.issue(key, '{}', { 'content-type': type }), 415, 'unsupported_media_type', type)
  }
  t.equal((await door.issue(key, '{}', { 'content-type': 'application/json; charset=utf-8' })).status, 201)
  t.equal((await door.issue(key, '', { 'content-type': 'application/json' })).status, 201, 'nothing at all is a body with nothing in it')
  for (const [method, path] of [['GET', '/v1/credentials'], ['DELETE', '/turn/status'], ['PUT', '/turn'], ['PATCH', '/'], ['GET', '/admin/v1/apps'], ['GET', '/metrics'], ['GET', '/docs'], ['POST', `/v1/credentials/${key}`], ['GET', '/v1//credentials'], ['GET', '/V1/credentials/explain']]) {
    expectProblem(t, await ask(`${door.api}${path}`, method ?? '', { token: key }), 404, 'not_found', `${method} ${path}`)
  }
  expectProblem(t, await ask(`${door.api}/turn/%zz`, 'GET'), 400, 'invalid_request', 'a path that cannot be read')
  expectProblem(t, await ask(`${door.ops}/admin/v1/apps/${'x'.repeat(200)}`, 'GET', { token: ADMIN_TOKEN }), 414, 'uri_too_long', 'a path parameter beyond reason')
})

t.test('the ops port serves the runbooks, a heading for each alert, and nothing that runs', async t => {
  const page = await fetch(`${door.ops}/runbooks`)
  t.equal(page.status, 200)
  t.match(page.headers.get('content-type'), 'text/html')
  t.match(page.headers.get('content-security-policy'), "default-src 'none'")
  const text = await page.text()
  const alerts = readRules().flatMap(rule => 'alert' in rule ? [rule.alert] : [])
  t.ok(alerts.length > 0)
  for (const alert of new Set(alerts)) t.match(text, `<h2 id="${new URL(runbookUrl(alert)).hash.slice(1)}">`, alert)
})

t.test('the TURN REST form refuses the same callers, wherever the key stands', async t => {
  const form = async (body: string) => await ask(`${door.api}/turn`, 'POST', { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
  const wrong = strange()
  expectProblem(t, await ask(`${door.api}/turn?key=${wrong}`, 'GET'), 401, 'unauthorized', 'a wrong key in the query')
  expectProblem(t, await form(`key=${wrong}`), 401, 'unauthorized', 'in a form')
  expectProblem(t, await form(''), 401, 'unauthorized', 'an empty form')
  expectProblem(t, await form(`api=${'x'.repeat(17_000)}`), 413, 'body_too_large', 'a form beyond 16 KiB')
  expectProblem(t, await ask(`${door.api}/turn?key=${publishable}`, 'GET'), 403, 'origin_not_allowed', 'a publishable key without its page')
  expectProblem(t, await ask(`${door.api}/turn?key=${key}&key=${key}`, 'GET'), 400, 'invalid_request', 'a key given twice')
  expectProblem(t, await ask(`${door.api}/turn?service=TURN&key=${key}`, 'GET'), 400, 'invalid_request', 'another service')
  expectProblem(t, await form('%ff=%ff&__proto__=x&constructor=y'), 401, 'unauthorized', 'what a form can do to an object')
})

t.test('nothing of all this was our fault, and none of it is in the log', async t => {
  t.equal(await door.metric('spillway_problems_total', 'code="internal"'), 0)
  t.notMatch(door.log, /"level":(50|60)/, 'no error was logged')
  t.match(door.log, /"route":"\/v1\/credentials","status":401/, 'the log tells of the run')
  for (const secret of secrets) if (door.log.includes(secret)) t.fail(`a secret stands in the log: ${secret.slice(0, 6)}…`)
  t.ok(secrets.size > 15, `looked for ${secrets.size}`)
  t.ok(door.running)
})
