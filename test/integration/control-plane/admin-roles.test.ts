import t from 'tap'
import { ADMIN_TOKEN, ask, expectProblem, startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
const key = await door.createApp('shop')
const { body: { paths } } = await ask<{ paths: Record<string, Record<string, { parameters?: unknown[] }>> }>(`${door.ops}/openapi/admin.json`, 'GET')
const calls = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map(method => `${method.toUpperCase()} ${path.replace('/admin/v1', '')}`))

const ROLES = ['read', 'operate', 'admin'] as const
type Role = typeof ROLES[number]
/** The calls that ask for more than looking (read) or changing (operate). */
const ADMIN_ONLY = ['DELETE /apps/{app}', 'PUT /nodes/{node}', 'DELETE /nodes/{node}', 'POST /join-tokens', 'DELETE /users/{tag}', 'GET /tokens', 'POST /tokens', 'DELETE /tokens/{name}', 'POST /master-key/rotate', 'POST /master-key/rotate-back', 'DELETE /master-key/{id}']
const neededFor = (call: string): Role => ADMIN_ONLY.includes(call) ? 'admin' : call.startsWith('GET') ? 'read' : 'operate'
const values: Record<string, string> = { app: 'nobody', key: '0123456789abcdef', node: 'eu-1', tag: '0123456789abcdef01234567', name: 'nobody', id: '0123456789abcdef' }
const make = async (call: string, token: string | undefined, headers: Record<string, string> = {}) => {
  const [method = '', path = ''] = call.split(' ')
  return await ask(`${door.ops}/admin/v1${path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')}`, method, { ...token === undefined ? {} : { token }, headers })
}

const tokens = Object.fromEntries(await Promise.all(ROLES.map(async role => [role, (await door.admin('POST', '/tokens', { name: `${role}-holder`, role })).body.token]))) as Record<Role, string>

t.test('each admin call of the OpenAPI document opens from its role upwards, and below it says which', async t => {
  t.ok(calls.length >= 19, `${calls.length} calls`)
  t.same(ADMIN_ONLY.filter(call => !calls.includes(call)), [], 'the list of the test is of calls there are')
  for (const call of calls) {
    const needed = neededFor(call)
    for (const role of ROLES) {
      const answer = await make(call, tokens[role])
      if (ROLES.indexOf(role) < ROLES.indexOf(needed)) {
        expectProblem(t, answer, 403, 'role_too_low', `${call} as ${role}`)
        t.match(answer.body.detail, `"${needed}"`)
      } else t.not(answer.status, 403, `${call} as ${role}: ${answer.status}`)
    }
  }
  t.equal((await ask(`${door.ops}/admin/v1/apps`, 'HEAD', { token: tokens.read })).status, 200, 'HEAD is a look as well')
  t.equal((await ask(`${door.ops}/admin/v1/tokens`, 'HEAD', { token: tokens.operate })).status, 403)
})

t.test('no admin call opens to a stranger, a key of an app, or half a token', async t => {
  const strangers = { nobody: undefined, 'a wrong token': 'at_wrong', 'a key of an app': key, 'half a token': tokens.admin.slice(0, -1), 'a token and more': `${tokens.admin}x`, 'the root token in capitals': ADMIN_TOKEN.toUpperCase() }
  for (const call of calls) {
    for (const [who, token] of Object.entries(strangers)) {
      const answer = await make(call, token)
      expectProblem(t, answer, 401, 'unauthorized', `${call} by ${who}`)
      t.equal(answer.headers.get('www-authenticate'), token === undefined ? 'Bearer' : 'Bearer error="invalid_token"', 'RFC 6750, section 3')
    }
  }
  for (const call of calls) t.equal((await make(call, undefined, { authorization: `Basic ${Buffer.from(`root:${ADMIN_TOKEN}`).toString('base64')}` })).status, 401)
})

t.test('who may not, learns nothing of what there is', async t => {
  const there = await door.admin('PATCH', '/apps/shop', { nonsense: 1 }, tokens.read)
  const notThere = await door.admin('PATCH', '/apps/nobody', { nonsense: 1 }, tokens.read)
  t.same(there.body, notThere.body)
  t.same((await door.admin('GET', '/apps/shop', undefined, 'at_wrong')).body, (await door.admin('GET', '/apps/nobody', undefined, 'at_wrong')).body)
})

t.test('a revoked token is refused from the next request on, and its name is free again', async t => {
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'olga', role: 'operate' })
  t.equal((await door.admin('GET', '/apps', undefined, token)).status, 200)
  expectProblem(t, await door.admin('POST', '/tokens', { name: 'olga', role: 'read' }), 409, 'token_exists', 'the name is taken')
  t.equal((await door.admin('DELETE', '/tokens/olga')).status, 204)
  expectProblem(t, await door.admin('GET', '/apps', undefined, token), 401, 'unauthorized', 'at once')
  expectProblem(t, await door.admin('DELETE', '/tokens/olga'), 404, 'token_not_found', 'it is gone')
  const again = await door.admin('POST', '/tokens', { name: 'olga', role: 'read' })
  t.equal(again.status, 201)
  t.not(again.body.token, token)
  t.equal((await door.admin('GET', '/apps', undefined, token)).status, 401, 'the old one stays refused')
})

t.test('a token of role admin can revoke itself, and nobody can take the name of root', async t => {
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'short', role: 'admin' })
  t.equal((await door.admin('DELETE', '/tokens/short', undefined, token)).status, 204)
  t.equal((await door.admin('GET', '/apps', undefined, token)).status, 401)
  for (const name of ['root', 'spillway', 'Root', '', '.x', 'a b', 'x'.repeat(65)]) expectProblem(t, await door.admin('POST', '/tokens', { name, role: 'read' }), 400, 'invalid_request', JSON.stringify(name))
  t.equal((await door.admin('DELETE', '/tokens/root')).status, 400)
})

t.test('two that ask for one name at the same time: one gets it', async t => {
  const answers = await Promise.all(Array.from({ length: 10 }, async () => await door.admin('POST', '/tokens', { name: 'wanted', role: 'read' })))
  t.same(answers.map(({ status }) => status).sort(), [201, ...Array<number>(9).fill(409)])
})

t.test('a token, a key or a secret stands in the one answer that gives it, and nowhere after', async t => {
  const secret = 'a shared secret of 32 characters, or more'
  const given = [...Object.values(tokens), key, secret, ADMIN_TOKEN]
  await door.admin('PATCH', '/apps/shop', { userJwt: { issuer: 'https://id.example', secret } })
  given.push((await door.admin('POST', '/apps/shop/keys', { kind: 'publishable' })).body.key)
  for (const call of [...calls.filter(call => call.startsWith('GET')), 'GET /apps/shop', 'GET /apps/shop/keys', 'GET /audit?limit=9999']) {
    const { text } = await make(call, ADMIN_TOKEN)
    t.same(given.filter(secret => text.includes(secret)), [], call)
  }
  for (const [method, path, body] of [['PATCH', '/apps/shop', {}], ['POST', '/apps', { id: 'shop' }], ['POST', '/tokens', { name: 'read-holder', role: 'admin' }], ['POST', '/apps', { id: 'x', name: secret }]] as const) {
    const { text } = await door.admin(method, path, body)
    t.same(given.filter(secret => text.includes(secret)), [], `${method} ${path}`)
  }
  const metrics = await ask(`${door.ops}/metrics`, 'GET')
  t.same(given.filter(secret => metrics.text.includes(secret) || door.log.includes(secret)), [], 'metrics and log')
  const redis = await door.redis.connect()
  const kept = JSON.stringify([await redis.hgetall('admin-tokens'), await redis.hgetall('app-keys'), await redis.hgetall('apps'), await redis.lrange('audit', 0, -1)])
  t.same(given.filter(secret => kept.includes(secret)), [], 'Redis')
  t.match(kept, /read-holder/, 'which was looked into')
})
