import t from 'tap'
import { ask, expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import type { Answer } from '../../helpers/control-plane.ts'
import { goodClaims, signShared } from '../../helpers/key-set-server.ts'

const door = await startControlPlane(t)
const SECRET = 'the secret both the app and the door know'
const secret = await door.createApp('shop', {
  allowedOrigins: ['https://shop.example', 'https://*.wild.example', 'http://localhost:5173', 'https://*.port.example:8443'],
  userJwt: { issuer: 'https://id.example', secret: SECRET }
})
const publishable = await door.createKey('shop', 'publishable')
const otherSecret = await door.createApp('other', { allowedOrigins: ['https://other.example'] })
const token = await signShared(SECRET, goodClaims('https://id.example', 'shop', 'alice'))

const from = async (origin: string | undefined, key: string, body?: unknown) => await door.issue(key, body, origin === undefined ? {} : { origin })
/** What a page of this origin may read of the answer. */
const shownTo = ({ headers }: Answer) => headers.get('access-control-allow-origin')

const right = ['https://shop.example', 'https://a.wild.example', 'https://a.b.wild.example', 'http://localhost:5173', 'https://a.port.example:8443']
const wrong = [
  'https://other.example', 'http://shop.example', 'https://shop.example:8443', 'https://shop.example.evil.example', 'https://evilshop.example', 'https://SHOP.example', 'https://shop.example/', 'https://shop.example.',
  'https://wild.example', 'https://.wild.example', 'https://evil.example/.wild.example', 'https://evil.example?.wild.example', 'https://evil@a.wild.example', 'http://a.wild.example', 'https://evilwild.example', 'https://a.wild.example:8443', 'https://*.wild.example',
  'https://a.port.example', 'http://localhost', 'http://localhost:51730', 'null', '', '*', 'file://', 'shop.example'
]

t.test('a publishable key works from the origins of its app, and its page may read the answer', async t => {
  for (const origin of right) {
    const answer = await from(origin, publishable)
    t.equal(answer.status, 201, origin)
    t.equal(shownTo(answer), origin)
    t.match(answer.headers.get('vary'), /origin/i)
    t.match(answer.headers.get('access-control-expose-headers'), /Retry-After/)
    t.notOk(answer.headers.has('access-control-allow-credentials'), 'cookies are nothing to us')
  }
})

t.test('from elsewhere, or from no page at all, it opens nothing', async t => {
  for (const origin of wrong) {
    const answer = await from(origin, publishable)
    expectProblem(t, answer, 403, 'origin_not_allowed', JSON.stringify(origin))
    // of another app it may read what is wrong
    t.equal(shownTo(answer), origin === 'https://other.example' ? origin : null, origin)
  }
  expectProblem(t, await from(undefined, publishable), 403, 'origin_not_allowed', 'no origin')
  expectProblem(t, await ask(`${door.api}/turn/credentials`, 'GET', { token: publishable, headers: { origin: 'https://other.example' } }), 403, 'origin_not_allowed', 'the short form')
  t.equal((await ask(`${door.api}/turn/credentials`, 'GET', { token: publishable, headers: { origin: 'https://shop.example' } })).status, 200)
  expectProblem(t, await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: publishable, headers: { origin: 'https://shop.example' } }), 403, 'secret_key_needed', 'explain')
})

t.test('a page may read the problem it is answered, to act on its code', async t => {
  const origin = 'https://shop.example'
  const problems: Array<[what: string, answer: Answer, status: number, code: string]> = [
    ['a bad request', await from(origin, publishable, { ttl: 0 }), 400, 'invalid_request'],
    ['bad JSON', await from(origin, publishable, '{'), 400, 'malformed_json'],
    ['too much', await from(origin, publishable, { user: 'x'.repeat(17_000) }), 413, 'body_too_large'],
    ['another type', await door.issue(publishable, 'x', { origin, 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
    ['a wrong key', await from(origin, 'pk_wrong'), 401, 'unauthorized'],
    ['a bad token', await from(origin, 'a.b.c'), 401, 'invalid_token'],
    ['nothing there', await ask(`${door.api}/nothing`, 'GET', { headers: { origin } }), 404, 'not_found']
  ]
  for (const [what, answer, status, code] of problems) {
    expectProblem(t, answer, status, code, what)
    t.equal(shownTo(answer), origin, what)
    t.match(answer.headers.get('vary'), /origin/i, what)
  }
})

t.test('a user token works from the origins of its app and from no page, but from no other page', async t => {
  t.equal((await from(undefined, token)).status, 201, 'an app on a phone has no origin')
  const answer = await from('https://a.wild.example', token)
  t.equal(answer.status, 201)
  t.equal(shownTo(answer), 'https://a.wild.example')
  for (const origin of ['https://other.example', 'null', 'https://evil.example']) expectProblem(t, await from(origin, token), 403, 'origin_not_allowed', origin)
})

t.test('a secret key is served whatever the origin, and no page gets to read the answer', async t => {
  for (const origin of [...right, ...wrong]) {
    const answer = await from(origin, secret)
    t.equal(answer.status, 201, origin)
    t.equal(shownTo(answer), null, origin)
  }
  const origin = 'https://shop.example'
  t.equal(shownTo(await from(origin, secret, { region: 'mars' })), null)
  t.equal(shownTo(await ask(`${door.api}/turn?key=${secret}`, 'GET', { headers: { origin } })), null, 'in the TURN REST form')
  t.equal(shownTo(await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: secret, headers: { origin } })), null, 'explain')
  t.equal(shownTo(await from(origin, otherSecret)), null, 'nor that of another app')
})

t.test('a preflight is answered for the origins of any app, without a key', async t => {
  const preflight = async (origin: string | undefined, path = '/v1/credentials') => await ask(`${door.api}${path}`, 'OPTIONS', {
    headers: { ...origin === undefined ? {} : { origin }, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }
  })
  for (const origin of [...right, 'https://other.example']) {
    const answer = await preflight(origin)
    t.equal(answer.status, 204, origin)
    t.equal(answer.text, '')
    t.equal(shownTo(answer), origin)
    t.match(answer.headers.get('access-control-allow-methods'), /POST/)
    t.match(answer.headers.get('access-control-allow-headers'), /Authorization.*Content-Type/)
    t.match(answer.headers.get('access-control-max-age'), /^\d+$/)
  }
  for (const origin of [...wrong.filter(origin => origin !== 'https://other.example'), undefined]) {
    const answer = await preflight(origin)
    expectProblem(t, answer, 403, 'origin_not_allowed', JSON.stringify(origin))
    t.equal(shownTo(answer), null)
  }
  t.equal((await preflight('https://shop.example', '/turn/credentials')).status, 204)
})

t.test('the ops port is for no page at all', async t => {
  for (const path of ['/admin/v1/apps', '/openapi/public.json', '/metrics', '/readyz']) {
    t.equal(shownTo(await ask(`${door.ops}${path}`, 'GET', { headers: { origin: 'https://shop.example' } })), null, path)
  }
  expectProblem(t, await ask(`${door.ops}/admin/v1/apps`, 'OPTIONS', { headers: { origin: 'https://shop.example' } }), 404, 'not_found', 'a preflight')
})

t.test('an origin that is taken away, or whose app is suspended, is a page like any other', async t => {
  await door.admin('PATCH', '/apps/shop', { allowedOrigins: ['https://shop.example'] })
  await door.caughtUp()
  const answer = await from('https://a.wild.example', publishable)
  expectProblem(t, answer, 403, 'origin_not_allowed', 'taken away')
  t.equal(shownTo(answer), null)
  await door.admin('PATCH', '/apps/shop', { suspended: true })
  await door.caughtUp()
  const suspended = await from('https://shop.example', publishable)
  expectProblem(t, suspended, 403, 'app_suspended', 'suspended')
  t.equal(shownTo(suspended), 'https://shop.example', 'its page learns why')
  t.equal(shownTo(await from('https://shop.example', secret)), null, 'but with a secret key no page learns anything')
})

t.test('origins no browser sends are refused as a setting', async t => {
  for (const origin of ['*', 'null', 'https://*', 'https://shop.example/', 'https://Shop.example', 'https://a.*.example', 'https://*.*.example', 'https://user@shop.example', 'shop.example', 'https://shop.example:port', '', 7]) {
    expectProblem(t, await door.admin('PATCH', '/apps/other', { allowedOrigins: [origin] }), 400, 'invalid_request', JSON.stringify(origin))
  }
})

t.test('as many origins as an app may have, each as long as may be, are taken', async t => {
  const allowedOrigins = Array.from({ length: 100 }, (_, index) => `https://${String(index).padStart(247, 'x')}`)
  t.equal((await door.admin('PATCH', '/apps/other', { allowedOrigins })).status, 200)
  expectProblem(t, await door.admin('PATCH', '/apps/other', { allowedOrigins: [...allowedOrigins, 'https://one.more'] }), 400, 'invalid_request', 'one more')
  expectProblem(t, await door.admin('PATCH', '/apps/other', { name: 'x'.repeat(70_000) }), 413, 'body_too_large', 'beyond all of it')
})
