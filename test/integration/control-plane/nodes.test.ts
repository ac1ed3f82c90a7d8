import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { shipUsage } from '../../../services/store/usage-stream.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
const ids = async (): Promise<string[]> => (await door.admin('GET', '/nodes')).body.nodes.map(({ id }: { id: string }) => id)

t.test('a node that is up, or whose usage is not booked yet, is not taken out', async t => {
  await door.addNode('eu-1')
  expectProblem(t, await door.admin('DELETE', '/nodes/eu-1'), 409, 'node_in_use', 'it is up')
  await door.admin('PUT', '/nodes/eu-2')
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

t.test('a node that never came does not keep the old master key for ever', async t => {
  await door.admin('PUT', '/nodes/typo')
  const [{ id: old }] = (await door.admin('GET', '/master-key')).body.keys
  t.equal((await door.admin('POST', '/master-key/rotate', { overlapSeconds: 5 })).status, 201)
  const nodesOf = async () => (await door.admin('GET', '/master-key')).body.keys.find(({ id }: { id: string }) => id === old)?.nodes
  t.ok((await nodesOf()).includes('typo'))
  t.equal((await door.admin('DELETE', '/nodes/typo')).status, 204)
  await until('nobody needs the old key for it', async () => !(await nodesOf()).includes('typo'))
})
