import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { shipUsage } from '../../../services/store/usage-stream.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
let beat = 1
/** What the agent of a node says, once it is in the snapshot; a node that drains is not up. */
async function observe (id: string, observed: Record<string, unknown>): Promise<void> {
  await door.admin('PUT', `/nodes/${id}`)
  await door.heartbeat(id, { beat: ++beat, ...observed })
  await door.caughtUp()
}
const node = async (id: string) => (await door.admin('GET', `/nodes/${id}`)).body
const lastAudit = async () => (await door.admin('GET', '/audit?limit=1')).body.entries[0]
const token = async (role: string): Promise<string> => (await door.admin('POST', '/tokens', { name: role, role })).body.token

t.test('what a node shall be is changed by those who operate, and by nobody who only looks', async t => {
  await observe('eu-1', {})
  expectProblem(t, await door.admin('PATCH', '/nodes/eu-1', { weight: 2 }, await token('read')), 403, 'role_too_low', 'read')
  const operate = await token('operate')
  const answer = await door.admin('PATCH', '/nodes/eu-1', { weight: 2.5, capacityMbps: 800 }, operate)
  t.match(answer, { status: 200, body: { id: 'eu-1', drain: null, desired: { weight: 2.5, capacityBitsPerSecond: 800_000_000 } } })
  t.same(answer.body, await node('eu-1'), 'answered as GET shows it')
  t.same((await door.admin('GET', '/nodes')).body.nodes, [answer.body], 'and as the list does')
  t.match(await lastAudit(), { actor: 'operate', action: 'node.change', target: 'eu-1', before: { weight: 1, capacityBitsPerSecond: null }, after: { weight: 2.5, capacityBitsPerSecond: 800_000_000 } })

  t.match((await door.admin('PATCH', '/nodes/eu-1', { capacityMbps: null }, operate)).body.desired, { weight: 2.5, capacityBitsPerSecond: null })
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-1', undefined, operate), 403, 'role_too_low', 'taking one out needs more')
})

t.test('a change that changes nothing leaves no entry', async t => {
  const { sequence } = await lastAudit()
  t.equal((await door.admin('PATCH', '/nodes/eu-1', { weight: 2.5, draining: false })).status, 200)
  t.equal((await lastAudit()).sequence, sequence)
})

for (const body of [{}, { weight: 0 }, { weight: -1 }, { weight: 101 }, { weight: '1' }, { weight: null }, { capacityMbps: 0 }, { capacityMbps: -5 }, { capacityMbps: 1e9 }, { capacityMbps: '10' }, { draining: 'yes' }, { draining: null }, { generations: [9] }, { weight: 1, kicks: [] }, []]) {
  t.test(`${JSON.stringify(body)} is refused`, async t => {
    expectProblem(t, await door.admin('PATCH', '/nodes/eu-1', body), 400, 'invalid_request', 'PATCH')
    t.match((await node('eu-1')).desired, { weight: 2.5, generations: [1] })
  })
}

t.test('there is nothing to see or change of a node that is not registered', async t => {
  for (const [method, body] of [['GET', undefined], ['PATCH', { draining: true }], ['DELETE', undefined]] as const) {
    expectProblem(t, await door.admin(method, '/nodes/nobody', body), 404, 'node_not_found', method)
  }
})

t.test('a drain is shown from the wish until the node is empty, and is asked for once', async t => {
  await observe('eu-2', { sessions: 5, admitting: true })
  const { body } = await door.admin('PATCH', '/nodes/eu-2', { draining: true })
  t.match(body.drain, { since: /^\d{4}-/, applied: false, sessionsLeft: 5, emptyInSeconds: null })
  t.match(await lastAudit(), { action: 'node.change', target: 'eu-2', before: { draining: undefined }, after: { draining: { sinceMs: Date.parse(body.drain.since) } } })
  const { sequence } = await lastAudit()

  await observe('eu-2', { sessions: 5, admitting: false })
  await until('it was written down when it closed', async () => (await node('eu-2')).desired.draining.closed !== undefined)
  t.match((await node('eu-2')).desired.draining.closed, { sessions: 5 })
  t.match((await node('eu-2')).drain, { applied: true, sessionsLeft: 5, emptyInSeconds: null })

  await observe('eu-2', { sessions: 4, admitting: false })
  t.match((await door.admin('PATCH', '/nodes/eu-2', { draining: true })).body.drain, { since: body.drain.since, sessionsLeft: 4 }, 'asked for again, it goes on')
  t.match((await node('eu-2')).desired.draining.closed, { sessions: 5 })
  t.equal((await lastAudit()).sequence, sequence, 'what Spillway notes is no change of anybody')

  await observe('eu-2', { sessions: 0, admitting: false })
  t.match((await node('eu-2')).drain, { sessionsLeft: 0, emptyInSeconds: 0 })
  const after = await door.admin('PATCH', '/nodes/eu-2', { draining: false })
  t.equal(after.body.drain, null)
  t.notOk('draining' in after.body.desired)
})

t.test('a node in service is drained, emptied and booked before it is taken out, and each answer says what is next', async t => {
  const refused = async (why: RegExp) => {
    const answer = await door.admin('DELETE', '/nodes/eu-2')
    expectProblem(t, answer, 409, 'node_in_use', String(why))
    t.match(answer.body.detail, why)
  }
  const now = Date.now()
  const row = { startedAtMs: now, atMs: now }
  await observe('eu-2', { sessions: 2, admitting: true })
  await refused(/drain it first/)
  await door.admin('PATCH', '/nodes/eu-2', { draining: true })
  await refused(/still takes new allocations/)
  await observe('eu-2', { sessions: 2, admitting: false })
  await refused(/^2 sessions left/)
  await applyUsage(redis, await deliver(redis, 'eu-2', 'log', 1), [bookedRow(row), bookedRow({ ...row, allocation: allocationOf(2), app: '_probe' })])
  await applyUsage(redis, await deliver(redis, 'eu-20', 'log', 1), [bookedRow(row)])
  await observe('eu-2', { sessions: 0, admitting: false })
  await refused(/^1 sessions of node "eu-2" are not booked/)
  await applyUsage(redis, await deliver(redis, 'eu-2', 'log', 2), [bookedRow({ ...row, state: 'closed' })])
  await observe('eu-2', { sessions: 0, admitting: false, outboxPending: 40 })
  await refused(/^40 batches/)
  await observe('eu-2', { sessions: 0, admitting: false })
  await shipUsage(redis, 'eu-2', 'log', [{ sequence: 3, after: 2, batch: '{}' }])
  await refused(/^1 batches/)
  await redis.del('usage:eu-2')

  t.equal((await door.admin('DELETE', '/nodes/eu-2')).status, 204)
  expectProblem(t, await door.admin('GET', '/nodes/eu-2'), 404, 'node_not_found', 'gone')
  t.match(await lastAudit(), { action: 'node.remove', target: 'eu-2', before: { draining: { sinceMs: Number } }, after: null })
})
