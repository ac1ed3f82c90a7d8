import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { createRevocations } from '../../../services/control-plane/revoke-credentials.ts'
import { dropRevocable, findRevocable, noteRevocable } from '../../../services/store/revocable.ts'
import { UpstreamError } from '../../../services/upstream/upstream-error.ts'
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
const kept = async (userTag: string): Promise<string[]> => (await findRevocable(redis, [userTag])).map(({ username }) => username)

t.test('the kick of a user takes back what Cloudflare gave to this user, and to nobody else', async t => {
  const [{ username, tag }, again, bob] = [await ask('ada'), await ask('ada'), await ask('bob')]
  await until('both are kept', async () => (await kept(tag)).length === 2)
  t.equal((await plane.admin('POST', `/users/${tag}/kick`, { forSeconds: 60 })).status, 202)
  await until('they are revoked', () => cloudflare.revoked.length === 2)
  t.same([...cloudflare.revoked].sort(), [username, again.username].sort())
  t.notOk(cloudflare.revoked.includes(bob.username))
  await until('and kept no more', async () => (await kept(tag)).length === 0)
  await until('and its log says so', () => plane.log.includes('a credential of a kicked user is revoked at Cloudflare'))
  t.equal(cloudflare.count('revoke'), 2, 'each once')
})

t.test('what Cloudflare does not take back at once is tried again, and holds up nothing else', async t => {
  const [{ username, tag }, { username: other }] = [await ask('eve'), await ask('eve')]
  await until('both are kept', async () => (await kept(tag)).length === 2)
  cloudflare.set('server-error', { times: 1 })
  await plane.admin('POST', `/users/${tag}/kick`, { forSeconds: 60 })
  const startedMs = performance.now()
  await until('one is revoked', async () => (await kept(tag)).length === 1)
  t.ok(performance.now() - startedMs < 4_000, 'at once')
  await until('and the other', async () => (await kept(tag)).length === 0)
  t.same(cloudflare.revoked.slice(-2).sort(), [username, other].sort())
  t.equal(cloudflare.count('revoke'), 5, 'one attempt failed')
  t.ok(performance.now() - startedMs > 4_000, 'and the next was not made at once')
  await until('its log says so', () => plane.log.includes('credentials of kicked users could not be revoked at Cloudflare'))
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

t.test('of a user and of a shard those that live longest are kept, until the last of them ends', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const own = await server.connect()
  const nowMs = Date.now()
  const [ada, bob] = ['abc'.padEnd(24, '0'), 'abc'.padEnd(24, '1')]
  const one = (userTag: string, index: number, lifeMs = 3_600_000) => ({ userTag, username: `name-${index}`, expiresAtMs: nowMs + lifeMs + index })
  const indexes = async (userTag: string) => (await findRevocable(own, [userTag], nowMs)).map(({ username }) => Number(username.slice(5)))
  await noteRevocable(own, [one(ada, 999, -5_000), one(bob, 7)], nowMs)
  t.same(await indexes(ada), [], 'what has expired is not found')
  t.equal(await own.zcard('revocable:abc'), 2)
  for (let index = 0; index < 51; index++) await noteRevocable(own, [one(ada, 100 + index)], nowMs)
  t.same(await indexes(ada), Array.from({ length: 20 }, (_, at) => 131 + at), 'who asks often loses what is their own')
  t.same(await findRevocable(own, [bob], nowMs), [one(bob, 7)], 'and no one else')
  t.same(await findRevocable(own, [bob], nowMs + 3_600_008), [], 'its life is over')
  t.equal(await own.zcard('revocable:abc'), 21, 'what has expired is gone')
  t.equal(await own.pexpiretime('revocable:abc'), nowMs + 3_600_150)
  await noteRevocable(own, [one(bob, 1)], nowMs)
  t.equal(await own.pexpiretime('revocable:abc'), nowMs + 3_600_150, 'a shorter life shortens no other')
  await noteRevocable(own, Array.from({ length: 78 }, (_, at) => one(`abc${String(at).padStart(21, '0')}x`, 200)), nowMs)
  t.same(await indexes(bob), [1, 7], 'a hundred have room')
  await noteRevocable(own, [one('abc'.padEnd(24, '2'), 200)], nowMs)
  t.same(await indexes(bob), [7], 'then the one that ends first makes room')
  await dropRevocable(own, one(ada, 150))
  t.notOk((await indexes(ada)).includes(150))
})

t.test('one that is refused is left alone for a minute; the others of all kicked users are taken back', async t => {
  const own = await (await startRedisServer(t, { variant: 'central' })).connect()
  const start = Date.now()
  let [nowMs, looks, refused] = [start, 0, 0]
  const tags = Array.from({ length: 20 }, (_, at) => String(at).padStart(24, '0'))
  await noteRevocable(own, tags.map(userTag => ({ userTag, username: userTag, expiresAtMs: start + 3_600_000 })), start)
  let [running, most] = [0, 0]
  const revocations = createRevocations({
    redis: own,
    revoke: async username => {
      most = Math.max(most, ++running)
      await own.ping().finally(() => { running -= 1 })
      if (username !== tags[0]) return
      refused += 1
      throw new UpstreamError('misconfigured', 'refused')
    },
    kicked: () => {
      looks += 1
      return tags
    },
    now: () => nowMs,
    onError: error => { t.fail(error.message) },
    onUnrevoked: error => { t.equal(error.message, 'refused') },
    onRevoked: () => {}
  })
  t.teardown(revocations.stop)
  await until('all others are revoked', async () => (await findRevocable(own, tags)).length === 1)
  t.equal(most, 8, 'so many at a time')
  nowMs = start + 59_000
  const before = looks
  await until('it has looked twice more', () => looks >= before + 2)
  t.equal(refused, 1)
  nowMs = start + 60_000
  await until('it is tried again', () => refused === 2)
})

t.test('no log holds a secret, an account or what was minted', async t => {
  const secrets = [spill.key, ...spill.fakes.secrets()]
  t.ok(secrets.length > 10)
  t.same(secrets.filter(secret => plane.log.includes(secret)), [])
})
