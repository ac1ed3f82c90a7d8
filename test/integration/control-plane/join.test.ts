import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { sha256 } from '../../../services/domain/sha256.ts'
import { connectRedis, untilReady } from '../../../services/store/connect.ts'
import { readApplied, shipUsage } from '../../../services/store/usage-stream.ts'
import { ask, expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { observedNode } from '../../helpers/node-facts.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const PASSWORD = 'password-of-the-control-plane'
const rules = readFileSync(new URL('../../../infra/redis/central-control-plane.acl.template', import.meta.url), 'utf8').trim().replace('@PASSWORD_SHA256@', sha256(PASSWORD))
const centre = await startRedisServer(t, { variant: 'central', lines: [rules] })
const ownUrl = `redis://control-plane:${PASSWORD}@127.0.0.1:${centre.port}`
const door = await startControlPlane(t, { redis: { ...centre, url: () => ownUrl }, settings: { SPILLWAY_JOIN_REDIS_URL: `redis://127.0.0.1:${centre.port}`, SPILLWAY_DOMAIN: 'turn.example', SPILLWAY_TRUSTED_PROXIES: '127.0.0.1' } })

const makeToken = async (body: Record<string, unknown> = {}) => (await door.admin('POST', '/join-tokens', body)).body
const join = async (token?: string, from?: string, body?: unknown) => await ask(`${door.api}/v1/join`, 'POST', { ...token === undefined ? {} : { token }, ...body === undefined ? {} : { body }, ...from === undefined ? {} : { headers: { 'x-forwarded-for': from } } })
/** A connection with the login a node was given; undefined where Redis refuses it. */
async function logIn (t: Test, url: string) {
  const errors: string[] = []
  const redis = connectRedis({ url, onError: error => { errors.push(error.message) } })
  t.teardown(() => { redis.disconnect() })
  return await untilReady(redis, 1_000) ? redis : undefined
}

t.test('a machine joins with a token and gets what its agent needs, once', async t => {
  const made = await door.admin('POST', '/join-tokens', { region: 'eu' })
  t.match(made, { status: 201, body: { region: 'eu', node: null, createdBy: 'root', token: /^jt_/ } })
  t.equal(Date.parse(made.body.expiresAt) - Date.parse(made.body.createdAt), 900_000, 'a quarter of an hour')
  const { status, body } = await join(made.body.token)
  t.match({ status, body }, { status: 201, body: { node: /^eu-[0-9a-f]{6}$/, region: 'eu', domain: 'turn.example', key: /^[\w-]{43}$/, redisUrl: new RegExp(`^redis://relay-${body.node}:[0-9a-f]{48}@127.0.0.1:${centre.port}$`), redisCa: null } })
  t.match((await door.admin('GET', '/nodes')).body.nodes, [{ id: body.node, desired: { generations: [1] } }])
  t.equal((await door.admin('PUT', `/nodes/${body.node}`)).body.key, body.key, 'the key that derives from its name')
  expectProblem(t, await join(made.body.token), 410, 'join_token_used', 'a second time')

  const listed = (await door.admin('GET', '/join-tokens')).body.joinTokens
  t.match(listed, [{ id: made.body.id, state: 'used', usedAs: body.node }])
  const entries = (await door.admin('GET', '/audit?limit=10')).body.entries
  t.match(entries.find(({ action }: { action: string }) => action === 'node.join'), { actor: `join-token ${made.body.id}`, target: body.node, before: null, after: { joinToken: made.body.id } })
  const secret = made.body.token.split('_').at(-1)
  for (const [what, value] of Object.entries({ listed, entries, log: door.log })) {
    for (const hidden of [secret, body.key, sha256(secret)]) t.notOk(JSON.stringify(value).includes(hidden), `${what} holds no secret`)
  }
})

t.test('of many who hold one token one joins', async t => {
  const { token } = await makeToken({ node: 'only-one' })
  const answers = await Promise.all(Array.from({ length: 6 }, async () => await join(token)))
  t.same(answers.map(({ status }) => status).sort(), [201, 410, 410, 410, 410, 410])
})

t.test('a token that is late, revoked, made up or cut short opens nothing', async t => {
  const { token: late, expiresAt } = await makeToken({ ttlSeconds: 1 })
  await until('it has expired', () => Date.now() > Date.parse(expiresAt))
  expectProblem(t, await join(late), 410, 'join_token_expired', 'late')
  const { id, token: revoked } = await makeToken()
  expectProblem(t, await join(`${revoked.slice(0, -1)}${revoked.endsWith('A') ? 'B' : 'A'}`), 401, 'join_token_invalid', 'its id with another secret')
  t.equal((await door.admin('DELETE', `/join-tokens/${id}`)).status, 204)
  expectProblem(t, await door.admin('DELETE', `/join-tokens/${id}`), 404, 'join_token_not_found', 'twice')
  for (const [what, token] of Object.entries({ revoked, 'an admin token': 'at_wrong', 'made up': `jt_${'0'.repeat(16)}_${'A'.repeat(43)}`, 'cut short': revoked.slice(0, -1) })) {
    expectProblem(t, await join(token), 401, 'join_token_invalid', what)
  }
  expectProblem(t, await join(), 401, 'unauthorized', 'none')
  const guess = `jt_${'0'.repeat(16)}_${'A'.repeat(43)}`
  const codes = async (token: string, from?: string) => await Promise.all(Array.from({ length: 45 }, async () => (await join(token, from)).body.code))
  t.ok((await codes(guess, '198.51.100.1')).includes('rate_limited'), 'guessing is slow')
  t.notOk((await codes('jt_x', '198.51.100.2')).includes('rate_limited'), 'what is no token is not counted')
  await until('an address is over its limit, and another is not', async () => {
    const [own, [other]] = await Promise.all([codes(guess, '198.51.100.1'), Promise.all([join(guess, '198.51.100.3')])])
    return own.includes('rate_limited') && other.body.code === 'join_token_invalid'
  })
  await until('it may try again', async () => (await join(guess, '198.51.100.1')).body.code === 'join_token_invalid')
})

t.test('a node that was let in for its addresses is believed at those alone, wherever it says it is', async t => {
  const addresses = ['198.51.100.20', '10.9.9.20']
  const { token, addresses: shown } = await makeToken({ node: 'bound', addresses })
  t.same(shown, addresses)
  expectProblem(t, await join(token, undefined, { addresses: ['198.51.100.20', '10.9.9.21'] }), 403, 'address_not_allowed', 'another machine')
  expectProblem(t, await join(token), 403, 'address_not_allowed', 'one that does not say where it is')
  for (const wrong of [[], ['203.0.113'], ['300.0.0.1'], ['ab'], ['....'], ['relay.example.org']]) expectProblem(t, await door.admin('POST', '/join-tokens', { addresses: wrong }), 400, 'invalid_request', JSON.stringify(wrong))
  const { status, body } = await join(token, undefined, { addresses: addresses.slice(0, 1) })
  t.equal(status, 201, 'its token is not spent by that')
  const free = await join((await makeToken({ node: 'free' })).token)
  const [bound, other] = await Promise.all([logIn(t, body.redisUrl), logIn(t, free.body.redisUrl)])
  const centralRedis = await centre.connect()
  const peersOf = async (id: string): Promise<string[]> => JSON.parse(await centralRedis.get(`desired:${id}`) ?? '{}').fleetIps
  const nodeOf = async (id: string) => (await door.admin('GET', `/nodes/${id}`)).body

  await other?.set('observed:free', JSON.stringify(observedNode({ relayIps: ['198.51.100.30'] })))
  await bound?.set('observed:bound', JSON.stringify(observedNode({ relayIps: ['198.51.100.20', '10.0.0.1'] })))
  await until('its own address is let through elsewhere', async () => (await peersOf('free')).includes('198.51.100.20'))
  t.same(await peersOf('free'), ['198.51.100.20', '198.51.100.30'], 'and no other it claims')
  await until('it is told', async () => (await nodeOf('bound')).reasons.some(({ kind }: { kind: string }) => kind === 'address_foreign'))
  t.match((await nodeOf('bound')).reasons.filter(({ kind }: { kind: string }) => kind === 'address_foreign'), [{ addresses: ['10.0.0.1'] }])

  t.match(await door.admin('PATCH', '/nodes/bound', { addresses: ['10.0.0.1'] }), { status: 200, body: { desired: { addresses: ['10.0.0.1'] } } })
  await until('it has moved', async () => (await peersOf('free')).join() === '10.0.0.1,198.51.100.30')
  t.notOk('addresses' in (await door.admin('PATCH', '/nodes/bound', { addresses: null })).body.desired)
  await until('it may be anywhere', async () => (await peersOf('free')).length === 3)
})

t.test('the login of a node opens its own keys alone', async t => {
  const { body } = await join((await makeToken({ node: 'own-keys' })).token)
  const redis = await logIn(t, body.redisUrl)
  if (!redis) return t.fail('the login is refused')
  t.match(await redis.get('desired:own-keys'), /generations/)
  t.equal(await redis.set('observed:own-keys', '{}'), 'OK')
  t.ok(await redis.xadd('usage:own-keys', '*', 'a', 'b'))
  await redis.call('DEL', 'usage:own-keys').catch(() => {})
  for (const command of [
    ['set', 'desired:own-keys', '{}'], ['set', 'usage:own-keys', 'x'], ['set', 'applied:own-keys', 'x'], ['xadd', 'applied:own-keys', '*', 'a', 'b'], ['xadd', 'observed:own-keys', '*', 'a', 'b'],
    ['get', 'desired:only-one'], ['get', 'observed:only-one'], ['set', 'observed:only-one', '{}'], ['xadd', 'usage:only-one', '*', 'a', 'b'],
    ['hgetall', 'apps'], ['hgetall', 'app-keys'], ['hgetall', 'join-tokens'], ['hgetall', 'node-users'], ['get', 'master-keys'], ['keys', '*'], ['acl', 'setuser', 'relay-own-keys', '+@all']
  ]) {
    const [name = '', ...args] = command
    await t.rejects(redis.call(name, ...args), { message: /NOPERM/ }, command.join(' '))
  }
  await t.rejects(redis.eval("return redis.call('SET', KEYS[1], 'x')", 1, 'usage:own-keys'), { message: /can't access at least one of the keys/ }, 'nor by a script')
})

t.test('an agent ships and reads with that login', async t => {
  const { body } = await join((await makeToken({ node: 'ships' })).token)
  const redis = await logIn(t, body.redisUrl)
  if (!redis) return t.fail('the login is refused')
  t.equal(await shipUsage(redis, 'ships', 'log', [{ sequence: 1, after: 0, batch: '{}' }]), 1)
  t.equal(await readApplied(redis, 'ships', 'log'), 0)
  t.equal(await redis.get('layout'), '1')
})

t.test('a node whose usage cannot be read is revoked all the same', async t => {
  await join((await makeToken({ node: 'unreadable' })).token)
  await (await centre.connect()).set('usage:unreadable', 'x')
  t.equal((await door.admin('DELETE', '/nodes/unreadable?force=true')).status, 204)
  const entries = (await door.admin('GET', '/audit?limit=10')).body.entries
  t.match(entries.find(({ action, target }: Record<string, string>) => action === 'node.remove' && target === 'unreadable'), { after: { forced: /^unknown: .*WRONGTYPE/ } })
})

t.test('its login outlives a restart of Redis, though no file holds it', async t => {
  const { body } = await join((await makeToken({ node: 'restarted' })).token)
  t.ok(await logIn(t, body.redisUrl))
  await centre.restart()
  await until('it is let in again', async () => await logIn(t, body.redisUrl) !== undefined, 15_000)
})

t.test('one node is revoked alone: cut off at once, and its name is not given to another by mistake', async t => {
  const [revoked, other] = [await join((await makeToken({ node: 'revoked' })).token), await join((await makeToken({ node: 'other' })).token)]
  const redis = await logIn(t, revoked.body.redisUrl)
  const closed = new Promise<void>(resolve => redis?.once('close', () => { resolve() }))
  // force is a word about whoever has the key, not about whether it was needed: by now nothing speaks against it
  await join((await makeToken({ node: 'gone' })).token)
  await until('the snapshot has all three', async () => (await door.admin('DELETE', '/nodes/gone')).status === 204)
  t.equal((await door.admin('POST', '/join-tokens', { node: 'gone' })).status, 201, 'the name of one that is just gone is free')
  t.equal((await door.admin('DELETE', '/nodes/revoked?force=true')).status, 204)
  t.match((await door.admin('GET', '/audit?limit=1')).body.entries, [{ action: 'node.remove', target: 'revoked', after: { forced: 'nothing spoke against it' } }])
  await closed
  t.notOk(await logIn(t, revoked.body.redisUrl), 'its login is gone')
  t.ok(await logIn(t, other.body.redisUrl), 'that of another is not')
  expectProblem(t, await door.admin('POST', '/join-tokens', { node: 'revoked' }), 409, 'node_revoked', 'its name')
  expectProblem(t, await door.admin('POST', '/join-tokens', { node: 'other' }), 409, 'node_exists', 'a name that is taken')
  t.equal((await door.admin('PUT', '/nodes/revoked')).status, 201, 'an operator who means it')
  await until('the snapshot has it', async () => (await door.admin('DELETE', '/nodes/revoked')).status === 204)
  t.equal((await door.admin('POST', '/join-tokens', { node: 'revoked' })).status, 201, 'and has freed the name so')
})

t.test('the user of the control plane may make users, and nothing else that is dangerous', async t => {
  const redis = await logIn(t, ownUrl)
  if (!redis) return t.fail('its login is refused')
  for (const command of [['flushall'], ['config', 'get', '*'], ['acl', 'load'], ['acl', 'save'], ['keys', '*'], ['shutdown'], ['replicaof', 'no', 'one'], ['module', 'list']]) {
    const [name = '', ...args] = command
    await t.rejects(redis.call(name, ...args), { message: /NOPERM/ }, command.join(' '))
  }
})

t.test('nobody joins where no address is set, or no users can be made', async t => {
  const closed = await startControlPlane(t, { redis: { ...centre, url: () => ownUrl } })
  expectProblem(t, await closed.admin('POST', '/join-tokens'), 409, 'joining_off', 'no address')
  const admin = await centre.connect()
  await admin.acl('SETUSER', 'weak', 'on', '>weak-password', '~*', '&*', '+@all', '-@dangerous', '+info')
  const weak = await startControlPlane(t, { redis: { ...centre, url: () => `redis://weak:weak-password@127.0.0.1:${centre.port}` }, settings: { SPILLWAY_JOIN_REDIS_URL: 'rediss://redis.example:6380' } })
  const answer = await weak.admin('POST', '/join-tokens')
  expectProblem(t, answer, 409, 'joining_off', 'no users')
  t.match(answer.body.detail, /ACL SETUSER/)
})
