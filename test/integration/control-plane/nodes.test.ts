import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { writeHealth } from '../../../services/store/health.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { shipUsage } from '../../../services/store/usage-stream.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { healthOf } from '../../helpers/node-facts.ts'
import { bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
const ids = async (): Promise<string[]> => (await door.admin('GET', '/nodes')).body.nodes.map(({ id }: { id: string }) => id)

t.test('a node that is up, or whose usage is not booked yet, is not taken out', async t => {
  await door.addNode('eu-1')
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-1'), 409, 'node_in_use', 'it is up')
  await door.admin('PUT', '/nodes/eu-2')
  const unknown = await door.admin('DELETE', '/nodes/eu-2')
  expectProblem(t, unknown, 409, 'node_in_use', 'it has just come')
  t.match(unknown.body.detail, /^it is not known yet whether/)
  await door.caughtUp()
  await shipUsage(redis, 'eu-2', 'log', [{ sequence: 1, after: 0, batch: '{}' }], true)
  const answer = await door.admin('DELETE', '/nodes/eu-2')
  expectProblem(t, answer, 409, 'node_in_use', 'a batch waits')
  t.match(answer.body.detail, /^1 batches of usage/)
  t.same(await ids(), ['eu-1', 'eu-2'])
})

t.test('one that is gone is, in one entry of the audit, and may come back', async t => {
  await redis.del('usage:eu-2')
  const before = (await door.admin('GET', '/nodes')).body.nodes.find(({ id }: { id: string }) => id === 'eu-2').desired
  t.equal((await door.admin('DELETE', '/nodes/eu-2')).status, 204)
  t.same(await ids(), ['eu-1'])
  t.equal(await redis.exists('desired:eu-2'), 0)
  t.match((await door.admin('GET', '/audit?limit=1')).body.entries, [{ action: 'node.remove', target: 'eu-2', before: { generations: before.generations }, after: null }])
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-2'), 404, 'node_not_found', 'it is gone')
  t.equal((await door.admin('PUT', '/nodes/eu-2')).status, 201)
})

t.test('one that only its agent gives up is kept while probers find it well or sessions are open, unless it is forced', async t => {
  const url = 'turn:eu-3.example.org:3478?transport=udp'
  const now = Date.now()
  let beat = now
  const refused = async (why: RegExp) => {
    const answer = await door.admin('DELETE', '/nodes/eu-3')
    expectProblem(t, answer, 409, 'node_in_use', String(why))
    t.match(answer.body.detail, why)
    return answer.body.detail as string
  }
  const probe = async (state: 'good' | 'bad') => {
    await writeHealth(redis, 'eu-3', 'prober-1', healthOf({ [url]: state }, undefined, { beat: ++beat }))
    await door.caughtUp()
  }
  await door.addNode('eu-3', { urls: [url] })
  await applyUsage(redis, await deliver(redis, 'eu-3', 'log', 1), [bookedRow({ startedAtMs: now, atMs: now })])
  await door.heartbeat('eu-3', { beat: 2, urls: [url], coturnVersion: null })
  await probe('good')
  await refused(/^node "eu-3" still relays, as prober-1 found: /)
  await probe('bad')
  const why = await refused(/^1 sessions of node "eu-3" are open in the ledger: /)
  t.equal((await door.admin('DELETE', '/nodes/eu-3?force=false')).status, 409)
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-3?force=yes'), 400, 'invalid_request', 'no such word')
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'op', role: 'operate' })
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-3?force=true', undefined, token), 403, 'role_too_low', 'operate')
  t.equal((await door.admin('DELETE', '/nodes/eu-3?force=true')).status, 204)
  t.match((await door.admin('GET', '/audit?limit=1')).body.entries, [{ action: 'node.remove', target: 'eu-3', after: { forced: why } }])
})

t.test('a node that never came does not keep the old master key for ever', async t => {
  await door.admin('PUT', '/nodes/typo')
  await door.caughtUp()
  const [{ id: old }] = (await door.admin('GET', '/master-key')).body.keys
  t.equal((await door.admin('POST', '/master-key/rotate', { overlapSeconds: 5 })).status, 201)
  const nodesOf = async () => (await door.admin('GET', '/master-key')).body.keys.find(({ id }: { id: string }) => id === old)?.nodes
  t.ok((await nodesOf()).includes('typo'))
  t.equal((await door.admin('DELETE', '/nodes/typo')).status, 204)
  await until('nobody needs the old key for it', async () => !(await nodesOf()).includes('typo'))
})
