import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { MAX_KICKS } from '../../../services/domain/kick.ts'
import type { Kick } from '../../../services/domain/kick.ts'
import { sha256 } from '../../../services/domain/sha256.ts'
import { readDesired, replaceDesired } from '../../../services/store/nodes.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { tagOf } from '../../helpers/counts.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
const NOBODY = 'f'.repeat(24)
const SESSION = `eu-1:boot-1:${allocationOf(1)}`

await door.addNode('eu-1')
await door.addNode('eu-2')
const key = await door.createApp('shop')
const kicksOf = async (node: string): Promise<Kick[] | undefined> => (await readDesired(redis, node))?.kicks
const lastEntry = async () => (await door.admin('GET', '/audit?limit=1')).body.entries[0]
const tagOfUser = async (user: string): Promise<string> => tagOf((await door.issue(key, { user })).body.username)
/** A session as an agent of this node reports it. */
let sequence = 0
const book = async (node: string, number: number, userTag: string, state: 'open' | 'closed' = 'open') => {
  await applyUsage(redis, await deliver(redis, node, 'log', ++sequence), [bookedRow({ allocation: allocationOf(number), userTag, state, startedAtMs: Date.now(), atMs: Date.now() })])
}
/** Puts such kicks into the wish of a node as they are. */
async function putKicks (node: string, kicks: Kick[]): Promise<void> {
  await until('the wish is changed', async () => {
    const desired = await readDesired(redis, node)
    return desired !== null && await replaceDesired(redis, node, desired, { ...desired, kicks })
  })
}

t.test('without a node there is nobody who could keep a user out', async t => {
  const lonely = await startControlPlane(t)
  expectProblem(t, await lonely.admin('POST', `/users/${NOBODY}/kick`), 409, 'kick_refused', 'no node')
  expectProblem(t, await lonely.admin('DELETE', `/users/${NOBODY}/kick`), 404, 'kick_not_found', 'nobody is kicked')
  t.same((await lonely.admin('GET', '/kicks')).body, { kicks: [] })
})

t.test('a kicked user is kept out of every node, and gets no credentials from any provider, until it is lifted', async t => {
  const ada = await tagOfUser('ada')
  const before = Date.now()
  const answer = await door.admin('POST', `/users/${ada}/kick`, { forSeconds: 600 })
  t.match(answer, { status: 202, body: { userTag: ada, nodes: 2 } })
  const untilMs = Date.parse(answer.body.until)
  t.ok(untilMs >= before + 600_000 && untilMs <= Date.now() + 600_000, answer.body.until)
  for (const node of ['eu-1', 'eu-2']) t.same(await kicksOf(node), [{ userTag: ada, untilMs }], node)
  t.same((await door.admin('GET', '/kicks')).body, { kicks: [{ userTag: ada, until: answer.body.until }] })
  await until('credentials are refused', async () => (await door.issue(key, { user: 'ada' })).status === 403)
  const refused = await door.issue(key, { user: 'ada' })
  expectProblem(t, refused, 403, 'user_kicked', 'she is kicked')
  t.ok(refused.body.detail.includes(answer.body.until), 'and is told until when')
  t.equal((await door.issue(key, { user: 'bob' })).status, 201)
  t.equal((await door.issue(key)).status, 201)

  t.equal((await door.admin('DELETE', `/users/${ada}/kick`)).status, 204)
  t.same([await kicksOf('eu-1'), await kicksOf('eu-2')], [undefined, undefined])
  await until('she is let in', async () => (await door.issue(key, { user: 'ada' })).status === 201)
  expectProblem(t, await door.admin('DELETE', `/users/${ada}/kick`), 404, 'kick_not_found', 'once')
})

t.test('each change is in the audit, which tells of no user', async t => {
  const ada = await tagOfUser('ada')
  const target = `user ${sha256(ada).slice(0, 16)}`
  const { body: { until: first } } = await door.admin('POST', `/users/${ada}/kick`, { forSeconds: 600 })
  t.match(await lastEntry(), { action: 'user.kick', actor: 'root', target, before: null, after: { until: first } })
  const { body: { until: second } } = await door.admin('POST', `/users/${ada}/kick`, { forSeconds: 30 })
  t.match(await lastEntry(), { action: 'user.kick', target, before: { until: first }, after: { until: second } })
  t.equal((await kicksOf('eu-1'))?.length, 1, 'the last word counts, though it is the shorter one')
  t.equal((await door.admin('POST', '/nodes/eu-1/rotate-secret', { overlapSeconds: 60 })).status, 202)
  t.equal((await door.admin('PUT', '/nodes/eu-3')).status, 201)
  t.match(await kicksOf('eu-3'), [{ userTag: ada }], 'a node that comes keeps her out too')
  t.equal((await door.admin('DELETE', '/nodes/eu-3?force=true')).status, 204)
  await door.admin('DELETE', `/users/${ada}/kick`)
  t.match(await lastEntry(), { action: 'user.lift-kick', target, before: { until: second }, after: null })
  t.notOk(JSON.stringify(await redis.lrange('audit', 0, -1)).includes(ada), 'the tag is in no entry, those of her nodes included')
  t.notOk(JSON.stringify((await door.admin('GET', '/nodes')).body).includes(ada))
  t.ok((await door.admin('GET', '/audit/verify')).body.intact)
})

t.test('a kick that is over goes by itself, and the user gets credentials again', async t => {
  const ada = await tagOfUser('ada')
  const { body } = await door.admin('POST', `/users/${ada}/kick`, { forSeconds: 1 })
  await until('it holds', async () => (await door.issue(key, { user: 'ada' })).status === 403)
  await until('she is let in', async () => (await door.issue(key, { user: 'ada' })).status === 201)
  t.ok(Date.now() > Date.parse(body.until), 'not before the end')
  await until('the wishes are clean', async () => await kicksOf('eu-1') === undefined && await kicksOf('eu-2') === undefined)
  t.equal((await door.admin('POST', `/users/${ada}/kick`)).status, 202, 'without a time it is a minute')
  const [kick] = await kicksOf('eu-2') ?? []
  t.ok(kick && Math.abs(kick.untilMs - Date.now() - 60_000) < 5_000)
  await door.admin('DELETE', `/users/${ada}/kick`)
})

t.test('a session is kicked on its own node, and its user everywhere only where it is said for how long', async t => {
  const bob = await tagOfUser('bob')
  await book('eu-1', 1, bob)
  const { status, body } = await door.admin('POST', `/sessions/${SESSION}/kick`)
  t.match({ status, body }, { status: 202, body: { id: SESSION, userTag: bob, until: null } })
  t.match(await kicksOf('eu-1'), [{ boot: 'boot-1', allocation: allocationOf(1), userTag: undefined }])
  t.equal(await kicksOf('eu-2'), undefined)
  t.match(await lastEntry(), { action: 'session.kick', target: SESSION, after: null })
  await door.caughtUp()
  t.equal((await door.issue(key, { user: 'bob' })).status, 201)

  const long = await door.admin('POST', `/sessions/${SESSION}/kick`, { forSeconds: 300 })
  t.match(long, { status: 202, body: { id: SESSION, userTag: bob, until: /Z$/ } })
  t.match(await kicksOf('eu-1'), [{ allocation: allocationOf(1) }, { userTag: bob }])
  t.match(await kicksOf('eu-2'), [{ userTag: bob }])
  t.match(await lastEntry(), { action: 'session.kick', target: SESSION, after: { user: /^user [0-9a-f]{16}$/, until: long.body.until } })
  await until('bob is kept out', async () => (await door.issue(key, { user: 'bob' })).body.code === 'user_kicked')
  await door.admin('DELETE', `/users/${bob}/kick`)
  t.match(await kicksOf('eu-1'), [{ allocation: allocationOf(1) }], 'the session is to end all the same')
  await putKicks('eu-1', [])
})

t.test('what is no open session of a node of the fleet is not kicked', async t => {
  await book('eu-1', 2, NOBODY, 'closed')
  await book('gone-1', 3, NOBODY)
  expectProblem(t, await door.admin('POST', `/sessions/eu-1:boot-1:${allocationOf(2)}/kick`), 404, 'session_not_found', 'it has ended')
  expectProblem(t, await door.admin('POST', `/sessions/eu-1:boot-9:${allocationOf(1)}/kick`), 404, 'session_not_found', 'of another boot')
  expectProblem(t, await door.admin('POST', `/sessions/gone-1:boot-1:${allocationOf(3)}/kick`), 409, 'kick_refused', 'its node is gone')
  const longest = `${'n'.repeat(32)}:${'b'.repeat(64)}:${allocationOf(1)}`
  expectProblem(t, await door.admin('POST', `/sessions/${longest}/kick`), 404, 'session_not_found', 'the longest id there can be')
})

t.test('bad input and roles', async t => {
  for (const body of [{ forSeconds: 0 }, { forSeconds: 86_401 }, { forSeconds: '60' }, { forSeconds: 1.5 }, { until: 1 }]) {
    expectProblem(t, await door.admin('POST', `/users/${NOBODY}/kick`, body), 400, 'invalid_request', JSON.stringify(body))
    expectProblem(t, await door.admin('POST', `/sessions/${SESSION}/kick`, body), 400, 'invalid_request', JSON.stringify(body))
  }
  for (const tag of ['ada', '*', 'F'.repeat(24)]) expectProblem(t, await door.admin('POST', `/users/${tag}/kick`), 400, 'invalid_request', tag)
  for (const id of ['eu-1', 'eu-1:boot', `eu-1:boot-1:${allocationOf(1)}0`, `EU:b:${allocationOf(1)}`]) expectProblem(t, await door.admin('POST', `/sessions/${id}/kick`), 400, 'invalid_request', id)
  t.same((await door.admin('GET', '/kicks')).body, { kicks: [] }, 'none of it was done')
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'looker', role: 'read' })
  t.equal((await door.admin('GET', '/kicks', undefined, token)).status, 200)
  for (const [method, path] of [['POST', `/users/${NOBODY}/kick`], ['DELETE', `/users/${NOBODY}/kick`], ['POST', `/sessions/${SESSION}/kick`]] as const) {
    expectProblem(t, await door.admin(method, path, undefined, token), 403, 'role_too_low', `${method} ${path}`)
  }
})

t.test('a node holds so many kicks and no more, and then it is said which', async t => {
  const untilMs = Date.now() + 600_000
  await putKicks('eu-2', Array.from({ length: MAX_KICKS }, (_, number) => ({ boot: 'boot', allocation: allocationOf(number), untilMs })))
  const answer = await door.admin('POST', `/users/${NOBODY}/kick`)
  expectProblem(t, answer, 409, 'kick_refused', 'full')
  t.match(answer.body.detail, /"eu-2"/)
  t.same(await kicksOf('eu-1') ?? [], [], 'and none is told the half of it')
  await putKicks('eu-2', [])
})
