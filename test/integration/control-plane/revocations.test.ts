import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { dropRevocable, findRevocable, noteRevocable } from '../../../services/store/revocable.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { startSpill } from '../../helpers/spill.ts'

const spill = await startSpill(t)
const { cloudflare } = spill.fakes
const plane = await spill.fresh()
const redis = await spill.redis.connect()
// a node that never spoke serves nobody, and can be told who is kept out
await plane.admin('PUT', '/nodes/eu-1')

/** A credential for a user, and the user's tag, which no reply of Cloudflare's holds. */
async function ask (user: string): Promise<{ username: string, tag: string }> {
  const before = await newest()
  const { username } = (await spill.timed(plane, { user })).body
  await until('it is recorded', async () => (await newest())?.id !== before?.id)
  return { username, tag: (await newest()).userTag }
}
const newest = async () => (await plane.admin('GET', '/decisions?limit=1')).body.decisions[0]
await until('the credential that proved the key is recorded', async () => await newest() !== undefined)
const kept = async (userTag: string): Promise<string[]> => (await findRevocable(redis, userTag)).map(({ username }) => username)

t.test('the kick of a user takes back what Cloudflare gave to this user, and to nobody else', async t => {
  const [{ username, tag }, again, bob] = [await ask('ada'), await ask('ada'), await ask('bob')]
  await until('both are kept', async () => (await kept(tag)).length === 2)
  t.equal((await plane.admin('POST', `/users/${tag}/kick`, { forSeconds: 60 })).status, 202)
  await until('they are revoked', () => cloudflare.revoked.length === 2)
  t.same([...cloudflare.revoked].sort(), [username, again.username].sort())
  t.notOk(cloudflare.revoked.includes(bob.username))
  await until('and kept no more', async () => (await kept(tag)).length === 0)
  t.match(plane.log, /a credential of a kicked user is revoked at Cloudflare/)
  t.equal(cloudflare.count('revoke'), 2, 'each once')
})

t.test('what Cloudflare does not take back at once is tried again', async t => {
  const { username, tag } = await ask('eve')
  await until('it is kept', async () => (await kept(tag)).length === 1)
  cloudflare.set('server-error', { times: 1 })
  await plane.admin('POST', `/users/${tag}/kick`, { forSeconds: 60 })
  const startedMs = performance.now()
  await until('it is revoked', async () => (await kept(tag)).length === 0)
  t.equal(cloudflare.revoked.at(-1), username)
  t.equal(cloudflare.count('revoke'), 4, 'one attempt failed')
  t.ok(performance.now() - startedMs > 4_000, 'and the next was not made at once')
  t.match(plane.log, /credentials of kicked users could not be revoked at Cloudflare/)
})

t.test('who is forgotten has nothing kept here', async t => {
  const { tag } = await ask('dan')
  await until('it is kept', async () => (await kept(tag)).length === 1)
  t.equal((await plane.admin('DELETE', `/users/${tag}`)).status, 202)
  t.same(await kept(tag), [])
})

t.test('of a credential that users share none is taken back', async t => {
  const sharing = await spill.fresh({ SPILLWAY_PAID_SHARE_SECONDS: '60' })
  await redis.del(...await redis.keys('revocable:*'), 'no such key')
  t.equal((await spill.timed(sharing, { user: 'flo' })).body.provider, 'cloudflare')
  t.equal((await spill.timed(plane, { user: 'gus' })).body.provider, 'cloudflare')
  await until('the other one is kept', async () => (await redis.keys('revocable:*')).length === 1)
  t.equal(await redis.zcard((await redis.keys('revocable:*'))[0] ?? ''), 1)
})

t.test('what is kept is bounded, ends with the credential, and is found by its user alone', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const own = await server.connect()
  const nowMs = Date.now()
  const [ada, bob] = ['abc'.padEnd(24, '0'), 'abc'.padEnd(24, '1')]
  const one = (userTag: string, index: number, lifeMs = 3_600_000) => ({ userTag, username: `name-${index}`, expiresAtMs: nowMs + lifeMs + index })
  await noteRevocable(own, [one(ada, 999, -5_000), one(bob, 7)], nowMs)
  for (let index = 0; index < 49; index++) await noteRevocable(own, [one(ada, 100 + index)], nowMs)
  t.equal(await own.zcard('revocable:abc'), 50, 'what has expired is not among them')
  t.equal((await findRevocable(own, ada, nowMs)).length, 49)
  t.same(await findRevocable(own, bob, nowMs), [one(bob, 7)])
  t.same(await findRevocable(own, bob, nowMs + 3_600_008), [], 'its life is over')
  await noteRevocable(own, [one(ada, 200)], nowMs)
  t.same(await findRevocable(own, bob, nowMs), [], 'the one that ends first makes room')
  t.equal(await own.pexpiretime('revocable:abc'), nowMs + 3_600_200)
  await noteRevocable(own, [one(ada, 1)], nowMs)
  t.equal(await own.pexpiretime('revocable:abc'), nowMs + 3_600_200, 'a shorter life shortens no other')
  await dropRevocable(own, one(ada, 200))
  t.notOk((await findRevocable(own, ada, nowMs)).some(({ username }) => username === 'name-200'))
})

t.test('no log holds a secret, an account or what was minted', async t => {
  const secrets = [spill.key, ...spill.fakes.secrets()]
  t.ok(secrets.length > 10)
  t.same(secrets.filter(secret => plane.log.includes(secret)), [])
})
