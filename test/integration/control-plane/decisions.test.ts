import t from 'tap'
import { until } from '../../../scripts/until.ts'
import type { Decision } from '../../../services/domain/decision.ts'
import { spellDecisions, writeDecisions } from '../../../services/store/decisions.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
t.beforeEach(async () => { await redis.del('decision-batches') })

const TAG = (number: number): string => String(number).padStart(24, '0')
const decision = (differs: Partial<Decision> = {}): Decision =>
  ({ atMs: 1, app: 'shop', userTag: TAG(1), caller: 'secret', provider: 'coturn', reason: 'healthy', nodes: ['eu-1'], region: 'eu', ttlSeconds: 60, expiresAtSeconds: 61, failed: [], ...differs })
const write = async (decisions: Decision[], together = 1_000) => {
  for (let at = 0; at < decisions.length; at += together) {
    const batch = decisions.slice(at, at + together)
    await writeDecisions(redis, Buffer.from(spellDecisions(batch)), batch.length)
  }
}
const read = async (query = '') => {
  const { status, body } = await door.admin('GET', `/decisions?${query}`)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body as { decisions: Array<Decision & { id: string }>, next: string | null }
}
/** Follows `next` to the end. */
async function readAll (query: string): Promise<{ found: Array<Decision & { id: string }>, pages: number }> {
  const found: Array<Decision & { id: string }> = []
  let pages = 0
  let next: string | null = null
  do {
    const page: Awaited<ReturnType<typeof read>> = await read(next === null ? query : `${query}&before=${next}`)
    found.push(...page.decisions)
    next = page.next
    pages += 1
  } while (next !== null)
  return { found, pages }
}

t.test('what was issued is on record: who, by what, where and until when', async t => {
  await door.addNode('eu-1')
  const key = await door.createApp('issuing')
  const { body } = await door.issue(key, { user: 'alice', ttl: 90 })
  const [expiry, name] = body.username.split(':')
  const query = `userTag=${name.split('.')[1]}`
  await until('it is on record', async () => (await read(query)).decisions.length === 1)
  const [{ id, atMs, ...told }] = (await read(query)).decisions as [Decision & { id: string }]
  t.match(id, /^\d+-\d+$/)
  t.ok(Math.abs(atMs - Date.now()) < 60_000)
  t.same(told, { app: 'issuing', userTag: name.split('.')[1], caller: 'secret', provider: 'coturn', reason: 'healthy', nodes: ['eu-1'], region: 'eu', ttlSeconds: 90, expiresAtSeconds: Number(expiry), failed: [] })
  t.notMatch(JSON.stringify(told), /alice/)
})

t.test('each filter alone, and all of them together', async t => {
  const different: Array<Partial<Decision>> = [{ app: 'chat' }, { provider: 'stun', nodes: [], reason: 'last_resort' }, { reason: 'unsure' }, { caller: 'jwt' }, { nodes: ['us-1', 'eu-2'] }, { userTag: TAG(2) }]
  await write([decision(), ...different.map(decision)])
  for (const [query, count] of [['', 7], ['app=chat', 1], ['app=shop', 6], ['provider=stun', 1], ['reason=unsure', 1], ['caller=jwt', 1], ['node=eu-2', 1], ['node=us-1', 1], ['node=eu-1', 5], [`userTag=${TAG(2)}`, 1], ['app=none', 0], ['app=chat&caller=jwt', 0], [`app=shop&provider=coturn&reason=healthy&caller=secret&node=eu-1&userTag=${TAG(1)}`, 1]] as const) {
    t.equal((await read(query)).decisions.length, count, query)
  }
  t.match((await read('node=us-1')).decisions, [{ nodes: ['us-1', 'eu-2'] }])
})

t.test('paging gives every record once, the newest first, whatever is written meanwhile', async t => {
  await write(Array.from({ length: 2_345 }, (_, index) => decision({ ttlSeconds: index + 1, app: index % 3 === 0 ? 'chat' : 'shop' })))
  for (const limit of [1_000, 700, 999]) {
    const { found, pages } = await readAll(`limit=${limit}`)
    t.same(found.map(({ ttlSeconds }) => ttlSeconds), Array.from({ length: 2_345 }, (_, index) => 2_345 - index), `by ${limit}`)
    t.ok(pages >= 2_345 / limit, `${pages} pages`)
  }
  const rare = await readAll('limit=100&app=chat')
  t.equal(rare.found.length, 782)
  t.equal(new Set(rare.found.map(({ id }) => id)).size, 782)

  const first = await read('limit=2000')
  await write([decision({ ttlSeconds: 9_999 })])
  const rest = await read(`limit=2000&before=${first.next}`)
  t.equal(first.decisions.length + rest.decisions.length, 2_345)
  t.equal(rest.next, null)
})

t.test('a user is taken out of all batches, and what is left keeps its id', async t => {
  const users = Array.from({ length: 700 }, (_, index) => decision({ userTag: TAG(index % 5), ttlSeconds: index + 1 }))
  await write(users, 7)
  await write([decision({ userTag: TAG(3) })])
  const before = (await readAll('limit=300')).found
  t.equal((await door.admin('DELETE', `/users/${TAG(3)}`)).body.decisions, 141)
  const { found } = await readAll('limit=300')
  t.same(found, before.filter(({ userTag }) => userTag !== TAG(3)))
  t.notOk(JSON.stringify(await redis.hgetall('decision-batches')).includes(TAG(3)))
  for (const at of [1, 0, 350, 352]) {
    const id = before[at]?.id
    const behind = before.slice(at + 1).filter(({ userTag }) => userTag !== TAG(3))
    t.same((await read(`before=${id}&limit=9999`)).decisions, behind, `behind ${id}, which is ${found.some(one => one.id === id) ? 'kept' : 'erased'}`)
  }
  t.equal((await door.admin('DELETE', `/users/${TAG(3)}`)).body.decisions, 0, 'and is not found again')
})

t.test('a look for what is rare ends after a bounded number of records, and says where to go on', async t => {
  await write([decision({ app: 'rare' }), ...Array.from({ length: 25_000 }, () => decision())], 40)
  const first = await read('app=rare')
  t.same(first.decisions, [])
  t.not(first.next, null, 'not found yet')
  const { found, pages } = await readAll('app=rare')
  t.equal(found.length, 1)
  t.equal(pages, 2)
})

t.test('records of a quiet day, each by itself, are read and erased by the thousand', async t => {
  await write(Array.from({ length: 3_000 }, (_, index) => decision({ userTag: TAG(index % 2) })), 1)
  await redis.config('RESETSTAT')
  const { found } = await readAll('app=none')
  t.equal(found.length, 0)
  t.equal((await door.admin('DELETE', `/users/${TAG(1)}`)).body.decisions, 1_500)
  const stats = await redis.info('commandstats')
  const calls = (command: string): number => Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
  t.ok(calls('hmget') <= 20, `${calls('hmget')} readings`)
  t.ok(calls('evalsha') + calls('eval') <= 20, `${calls('evalsha')} scripts, all else included`)
})

t.test('what is kept is bounded', async t => {
  const [trimmed, small] = [110_003, 10_003]
  const all = Array.from({ length: trimmed }, (_, index) => decision({ ttlSeconds: index + 1 }))
  // batches of a quiet day make room for those of a busy one
  await write(all.slice(0, small), 7)
  await write(all.slice(small))
  t.equal(await redis.hget('decision-batches', 'records'), '100000')
  t.equal(await redis.hlen('decision-batches'), 2 * 100 + 3, 'batches, and what is known of them')
  const { found } = await readAll('limit=9999')
  t.same(found.map(({ ttlSeconds }) => ttlSeconds), Array.from({ length: 100_000 }, (_, index) => trimmed - index), 'the newest')
})

t.test('what no query may say', async t => {
  for (const query of ['limit=0', 'limit=10000', 'limit=x', 'before=x', 'before=1', 'before=-', 'caller=nobody', 'provider=none', 'userTag=alice', 'app=A', 'nonsense=1', 'app=shop&app=chat']) {
    expectProblem(t, await door.admin('GET', `/decisions?${query}`), 400, 'invalid_request', query)
  }
  await write([decision()])
  for (const before of ['0-0', '000-00', '999999999999999-9999999999999999999']) t.ok((await read(`before=${before}`)).decisions.length <= 1, before)
  t.same(await read('before=0-0'), { decisions: [], next: null })
})

t.test('records that wait for a Redis that is away are written when it is back', async t => {
  const key = await door.createApp('patient')
  await redis.del('decision-batches')
  door.redis.pause()
  const answers = await Promise.all(Array.from({ length: 30 }, async () => await door.issue(key)))
  t.ok(answers.every(({ status }) => status === 201), 'a credential needs no Redis')
  door.redis.resume()
  await until('all are on record', async () => (await read('app=patient').catch(() => ({ decisions: [] }))).decisions.length >= 30, 10_000)
  t.ok((await read('app=patient')).decisions.length <= 60, 'and none of them over and over')
})
