import type { ServerResponse } from 'node:http'
import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { indexApps, newApp } from '../../../services/domain/app.ts'
import { createUserJwtVerifier } from '../../../services/control-plane/verify-user-jwt.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { createSigningKey, goodClaims, signToken, startKeySetServer } from '../../helpers/key-set-server.ts'

const door = await startControlPlane(t)
const key = await createSigningKey('ES256', 'first')
const ISSUER = 'https://id.example'
const tokenFor = async (app: string, signingKey = key) => await signToken(signingKey, goodClaims(ISSUER, app, 'alice'))

const json = (body: unknown) => (response: ServerResponse) => { response.setHeader('content-type', 'application/json').end(JSON.stringify(body)) }
const broken: Array<[what: string, answer: (response: ServerResponse) => void]> = [
  ['nothing, with the line kept', () => {}],
  ['half an answer, with the line kept', response => { response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[') }],
  ['a line cut off', response => { response.destroy() }],
  ['an error', response => { response.writeHead(500).end('{"keys":[]}') }],
  ['a way to elsewhere', response => { response.writeHead(302, { location: 'http://127.0.0.1:1/keys' }).end() }],
  ['a page', response => { response.setHeader('content-type', 'text/html').end('<html>') }],
  ['null', json(null)],
  ['a list', json([key.jwk])],
  ['keys that are none', json({ keys: 'none' })],
  ['keys that are words', json({ keys: ['one', 'two'] })],
  ['a key with a broken curve point', json({ keys: [{ ...key.jwk, x: 'AAAA', y: 'AAAA' }] })],
  ['a key without its numbers', json({ keys: [{ kty: 'EC', crv: 'P-256', alg: 'ES256', kid: 'first' }] })],
  ['a shared secret under the name of the key', json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', alg: 'ES256', kid: 'first' }] })]
]
t.test('a key set that cannot be had is a 503 in time, never a 500', async t => {
  const servers = await Promise.all(broken.map(async ([what, answer], index) => {
    const server = await startKeySetServer(t)
    server.answerWith(answer)
    await door.admin('POST', '/apps', { id: `broken-${index}`, userJwt: { issuer: ISSUER, jwksUrl: server.url } })
    return { what, server, token: await tokenFor(`broken-${index}`) }
  }))
  await door.admin('POST', '/apps', { id: 'nobody', userJwt: { issuer: ISSUER, jwksUrl: 'http://127.0.0.1:1/keys' } })
  await door.caughtUp()
  const ask = async (token: string, what: string) => {
    const began = performance.now()
    const answer = await door.issue(token)
    const tookMs = performance.now() - began
    // a key that is of another kind than its name says is simply not the key of this token
    if (what.startsWith('a shared secret')) expectProblem(t, answer, 401, 'invalid_token', what)
    else {
      expectProblem(t, answer, 503, 'keys_unavailable', what)
      t.match(answer.headers.get('retry-after'), /^\d+$/, what)
    }
    t.ok(tookMs < 4_000, `${what}: after ${Math.round(tookMs)} ms`)
  }
  await Promise.all([ask(await tokenFor('nobody'), 'nobody there'), ...servers.map(async ({ what, token }) => { await ask(token, what) })])
  t.equal(await door.metric('spillway_problems_total', 'code="internal"'), 0)

  for (const { server } of servers) server.serve(key.jwk)
  const healed = await Promise.all(servers.map(async ({ token, what }) => [what, (await door.issue(token)).status]))
  // what could be read as a key set is kept for a while, as a good one would be
  t.same(healed.filter(([, status]) => status !== 201).map(([what]) => what), ['a key with a broken curve point', 'a key without its numbers', 'a shared secret under the name of the key'])
})

t.test('a thousand callers at a key set that hangs wait for one fetch', async t => {
  const server = await startKeySetServer(t)
  server.answerWith(() => {})
  await door.admin('POST', '/apps', { id: 'hanging', userJwt: { issuer: ISSUER, jwksUrl: server.url } })
  await door.caughtUp()
  const token = await tokenFor('hanging')
  const [secret] = await Promise.all([door.createApp('bystander')])
  const waiting = Promise.all(Array.from({ length: 1_000 }, async () => (await door.issue(token)).status))
  const began = performance.now()
  t.equal((await door.issue(secret)).status, 201, 'who has a key is served meanwhile')
  t.ok(performance.now() - began < 2_500)
  t.same([...new Set(await waiting)], [503])
  t.ok(server.fetches <= 3, `${server.fetches} fetches`)
})

t.test('a flood of tokens under unknown key ids does not become a flood at the app', async t => {
  const server = await startKeySetServer(t)
  server.serve(key.jwk)
  await door.admin('POST', '/apps', { id: 'flooded', userJwt: { issuer: ISSUER, jwksUrl: server.url } })
  await door.caughtUp()
  const strangers = await Promise.all(Array.from({ length: 200 }, async (_, index) => await tokenFor('flooded', { ...key, kid: `stranger-${index}` })))
  const answers = await Promise.all(strangers.map(async token => await door.issue(token)))
  t.same([...new Set(answers.map(({ status, body }) => `${status} ${body.code}`))], ['401 invalid_token'])
  t.equal((await door.issue(await tokenFor('flooded'))).status, 201, 'and who is known comes in')
  t.ok(server.fetches >= 1 && server.fetches <= 2, `${server.fetches} fetches`)
})

t.test('a key that is rotated in is known within half a minute, one that is rotated out is forgotten', async t => {
  const server = await startKeySetServer(t)
  const next = await createSigningKey('ES256', 'second')
  const app = { ...newApp('shop', '2026-11-22T10:00:00.000Z'), userJwt: { issuer: ISSUER, audience: 'shop', jwksUrl: server.url, sealedSecret: null } }
  const apps = indexApps('1', new Map([['shop', app]]), new Map())
  const realNow = Date.now
  let aheadMs = 0
  // the clock that both jose and we read
  t.teardown(() => { Date.now = realNow })
  Date.now = () => realNow() + aheadMs
  const verify = createUserJwtVerifier(() => undefined, Date.now)
  const [old, young] = [await tokenFor('shop'), await tokenFor('shop', next)]

  server.serve(key.jwk)
  t.match(await verify(apps, old), { user: 'alice', app: { id: 'shop' } })
  server.serve(next.jwk)
  await t.rejects(verify(apps, young), { status: 401, code: 'invalid_token' }, 'the set was fetched a moment ago')
  t.equal(server.fetches, 1)
  aheadMs = 30_001
  t.match(await verify(apps, young), { user: 'alice' }, 'half a minute later it is fetched anew')
  t.equal(server.fetches, 2)
  await t.rejects(verify(apps, old), { status: 401, code: 'invalid_token' }, 'and holds the old key no more')
  for (let again = 0; again < 10; again++) await verify(apps, young)
  t.equal(server.fetches, 2, 'who is known asks for no fetch')
  aheadMs += 600_001
  t.match(await verify(apps, young), { user: 'alice' })
  await until('it is fetched anew ten minutes later, for a key could have been withdrawn', () => server.fetches === 3)

  server.answerWith(response => { response.writeHead(503).end() })
  for (const fetches of [4, 5]) {
    aheadMs += 600_001
    t.match(await verify(apps, await tokenFor('shop', next)), { user: 'alice' }, 'a key set that is away does not take the keys along that are held')
    await until('it was asked for', () => server.fetches === fetches)
  }
})

t.test('a secret that cannot be unsealed is our trouble, not that of the caller', async t => {
  const app = { ...newApp('shop', '2026-11-22T10:00:00.000Z'), userJwt: { issuer: ISSUER, audience: 'shop', jwksUrl: null, sealedSecret: 'sealed under another master key' } }
  const verify = createUserJwtVerifier(() => undefined, Date.now)
  await t.rejects(verify(indexApps('1', new Map([['shop', app]]), new Map()), await tokenFor('shop')), { status: 503, code: 'keys_unavailable' })
})
