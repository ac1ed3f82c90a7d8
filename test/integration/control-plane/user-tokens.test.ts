import { createSecretKey } from 'node:crypto'
import { exportSPKI, importJWK, SignJWT } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import t from 'tap'
import { tagOf } from '../../helpers/counts.ts'
import { ask, expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { createSigningKey, goodClaims, signShared, signToken, startKeySetServer, unsigned } from '../../helpers/key-set-server.ts'

const door = await startControlPlane(t)
await door.addNode('eu-1')
const SECRET = 'the secret both the app and the door know'
const keySet = await startKeySetServer(t)
const [rsa, ec, ed, stranger] = await Promise.all([createSigningKey('RS256', 'rsa'), createSigningKey('ES256', 'ec'), createSigningKey('EdDSA', 'ed'), createSigningKey('RS256', 'stranger')])
keySet.serve(rsa.jwk, ec.jwk, ed.jwk)

const [ISSUER, PUBLIC_ISSUER] = ['https://id.example', 'https://login.example']
const sharedKey = await door.createApp('shared', { userJwt: { issuer: ISSUER, secret: SECRET } })
const publicKey = await door.createApp('public', { userJwt: { issuer: PUBLIC_ISSUER, audience: 'turn', jwksUrl: keySet.url } })
await door.createApp('bare')

const shared = (differs: JWTPayload = {}): JWTPayload => ({ ...goodClaims(ISSUER, 'shared', 'alice'), ...differs })
const open = (differs: JWTPayload = {}): JWTPayload => ({ ...goodClaims(PUBLIC_ISSUER, 'turn', 'alice'), ...differs })
const without = (claims: JWTPayload, ...names: string[]): JWTPayload => Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))
const now = Math.floor(Date.now() / 1000)
const given: string[] = []
const issue = async (token: string, body?: unknown) => {
  given.push(token)
  return await door.issue(token, body)
}

t.test('a token stands for its user: the tag is that of a secret key naming the "sub"', async t => {
  const named = async (key: string, user: string) => tagOf((await door.issue(key, { user })).body.username)
  const cases: Array<[what: string, token: string, key: string, user: string]> = [
    ['HS256', await signShared(SECRET, shared()), sharedKey, 'alice'],
    ['HS256, another user', await signShared(SECRET, shared({ sub: 'Ω bob' })), sharedKey, 'Ω bob'],
    ['RS256', await signToken(rsa, open()), publicKey, 'alice'],
    ['ES256', await signToken(ec, open()), publicKey, 'alice'],
    ['EdDSA', await signToken(ed, open()), publicKey, 'alice'],
    ['one of several audiences', await signToken(ec, open({ aud: ['web', 'turn'] })), publicKey, 'alice'],
    ['a clock that is three seconds off', await signToken(ec, open({ nbf: now + 3, exp: now + 3600 })), publicKey, 'alice']
  ]
  for (const [what, token, key, user] of cases) {
    const { status, body } = await issue(token, { ttl: 60 })
    t.match({ status, body }, { status: 201, body: { provider: 'coturn', ttl: 60 } }, what)
    t.equal(tagOf(body.username), await named(key, user), what)
  }
  t.equal((await ask(`${door.api}/turn/credentials`, 'GET', { token: cases[0]?.[1] ?? '' })).status, 200, 'on the short form as well')
  t.equal((await ask(`${door.api}/turn?key=${cases[0]?.[1]}`, 'GET')).status, 200, 'and in the TURN REST form')
  t.ok(keySet.fetches === 1, 'the key set was fetched once')
})

t.test('a token names the user, and the request may not name another', async t => {
  const token = await signShared(SECRET, shared())
  t.equal((await issue(token, { user: 'alice' })).status, 201)
  expectProblem(t, await issue(token, { user: 'bob' }), 400, 'invalid_request', 'another user')
  expectProblem(t, await ask(`${door.api}/turn?key=${token}&username=bob`, 'GET'), 400, 'invalid_request', 'in the TURN REST form')
  expectProblem(t, await ask(`${door.api}/v1/credentials/explain`, 'POST', { token }), 403, 'secret_key_needed', 'explain is for servers')
})

t.test('tokens that are refused, whatever is wrong with them', async t => {
  const spki = await exportSPKI(await importJWK(rsa.jwk, 'RS256') as CryptoKey)
  const confused = async (secret: string) => await new SignJWT(open()).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(createSecretKey(secret, 'utf8'))
  const good = await signShared(SECRET, shared())
  const [header = '', payload = '', signature = ''] = good.split('.')
  const forged = Buffer.from(JSON.stringify(shared({ sub: 'mallory' }))).toString('base64url')

  const refused: Array<[what: string, token: string, code: string]> = [
    ['expired', await signShared(SECRET, shared({ exp: now - 60 })), 'token_expired'],
    ['expired, by public key', await signToken(ec, open({ exp: now - 60 })), 'token_expired'],
    ['not yet valid', await signShared(SECRET, shared({ nbf: now + 60 })), 'invalid_token'],
    ['without an end', await signShared(SECRET, without(shared(), 'exp')), 'invalid_token'],
    ['without a user', await signShared(SECRET, without(shared(), 'sub')), 'invalid_token'],
    ['of a user without a name', await signShared(SECRET, shared({ sub: '' })), 'invalid_token'],
    ['of a user that is a number', await signShared(SECRET, { ...shared(), sub: 7 as never }), 'invalid_token'],
    ['of a user that is a list', await signShared(SECRET, { ...shared(), sub: ['alice'] as never }), 'invalid_token'],
    ['whose end is a word', await signShared(SECRET, { ...shared(), exp: 'never' as never }), 'invalid_token'],
    ['for another audience', await signShared(SECRET, shared({ aud: 'turn' })), 'invalid_token'],
    ['for no audience', await signShared(SECRET, without(shared(), 'aud')), 'invalid_token'],
    ['for an audience that is no text', await signShared(SECRET, { ...shared(), aud: { shared: true } as never }), 'invalid_token'],
    ['by another issuer', await signShared(SECRET, shared({ iss: 'https://evil.example' })), 'invalid_token'],
    ['by an issuer that is a list', await signShared(SECRET, { ...shared(), iss: [ISSUER] as never }), 'invalid_token'],
    ['by a name of every object', await signShared(SECRET, shared({ iss: '__proto__', aud: 'constructor' })), 'invalid_token'],
    ['issuer of one app, audience of another', await signShared(SECRET, shared({ iss: PUBLIC_ISSUER })), 'invalid_token'],
    ['signed with another secret', await signShared(`${SECRET}!`, shared()), 'invalid_token'],
    ['with the signature of another', `${header}.${forged}.${signature}`, 'invalid_token'],
    ['with half a signature', `${header}.${payload}.${signature.slice(0, 20)}`, 'invalid_token'],
    ['with no signature', `${header}.${payload}.`, 'invalid_token'],
    ['alg none', unsigned({ alg: 'none' }, shared()), 'invalid_token'],
    ['alg None', unsigned({ alg: 'None' }, shared()), 'invalid_token'],
    ['alg none over a good signature', unsigned({ alg: 'none' }, shared(), signature), 'invalid_token'],
    ['alg none, by public key', unsigned({ alg: 'none', kid: 'ec' }, open()), 'invalid_token'],
    ['no alg', unsigned({}, shared(), signature), 'invalid_token'],
    ['an alg that is a number', unsigned({ alg: 7 }, shared(), signature), 'invalid_token'],
    ['HS384 where the app signs HS256', await signShared(SECRET, shared(), 'HS384'), 'invalid_token'],
    ['HS256 with the public key as its secret', await confused(spki), 'invalid_token'],
    ['the same without the last line feed', await confused(spki.trim()), 'invalid_token'],
    ['HS256 with the public key as JSON', await confused(JSON.stringify(rsa.jwk)), 'invalid_token'],
    ['RS256 under the key id of the ES256 key', await signToken({ ...rsa, kid: 'ec' }, open()), 'invalid_token'],
    ['signed by a stranger under a known key id', await signToken({ ...stranger, kid: 'rsa' }, open()), 'invalid_token'],
    ['under an unknown key id', await signToken(stranger, open()), 'invalid_token'],
    ['a key of its own in the header', await new SignJWT(open()).setProtectedHeader({ alg: 'RS256', jwk: stranger.jwk, jku: 'http://127.0.0.1:1/' }).sign(stranger.privateKey), 'invalid_token'],
    ['asking for what nobody knows', unsigned({ alg: 'HS256', crit: ['b64', 'magic'], b64: false, magic: 1 }, shared(), signature), 'invalid_token'],
    ['of an app without tokens', await signShared(SECRET, shared({ aud: 'bare' })), 'invalid_token'],
    ['no JSON in it', 'bm9uc2Vuc2U.bm9uc2Vuc2U.bm9uc2Vuc2U', 'invalid_token'],
    ['null in it', unsigned({ alg: 'HS256' }, null, signature), 'invalid_token'],
    ['a list in it', unsigned([], [], signature), 'invalid_token'],
    ['encrypted, five parts', 'a.b.c.d.e', 'unauthorized']
  ]
  for (const [what, token, code] of refused) {
    const answer = await issue(token)
    expectProblem(t, answer, 401, code, what)
    t.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"', what)
  }
  t.ok(keySet.fetches <= 2, `${keySet.fetches} fetches of the key set for all of it`)
})

t.test('a token of a suspended app opens nothing', async t => {
  await door.admin('PATCH', '/apps/shared', { suspended: true })
  await door.caughtUp()
  expectProblem(t, await issue(await signShared(SECRET, shared())), 403, 'app_suspended', 'suspended')
})

t.test('a new secret is the only one that counts, and without one no token does', async t => {
  await door.admin('PATCH', '/apps/shared', { suspended: false, userJwt: { issuer: ISSUER, secret: SECRET.toUpperCase() } })
  await door.caughtUp()
  expectProblem(t, await issue(await signShared(SECRET, shared())), 401, 'invalid_token', 'the old secret')
  t.equal((await issue(await signShared(SECRET.toUpperCase(), shared()))).status, 201, 'the new one')
  await door.admin('PATCH', '/apps/shared', { userJwt: null })
  await door.caughtUp()
  expectProblem(t, await issue(await signShared(SECRET.toUpperCase(), shared())), 401, 'invalid_token', 'none')
})

t.test('neither a token nor a secret stands in the log or in an answer of the admin API', async t => {
  const shown = [door.log, (await door.admin('GET', '/apps')).text, (await door.admin('GET', '/audit?limit=9999')).text]
  t.ok(given.length > 50)
  for (const secret of [SECRET, SECRET.toUpperCase(), ...given.filter(token => token.length > 20)]) t.notOk(shown.some(text => text.includes(secret)), 'nowhere')
  const { body: { apps } } = await door.admin('GET', '/apps')
  t.match(apps.find(({ id }: { id: string }) => id === 'public').userJwt, { issuer: PUBLIC_ISSUER, audience: 'turn', jwksUrl: keySet.url, hasSecret: false })
  t.equal(await door.metric('spillway_problems_total', 'code="internal"'), 0)
})
