import t from 'tap'
import { readCoturnVersion } from '../../../services/relay-agent/coturn-cli.ts'
import { until } from '../../../scripts/until.ts'
import { startRelayNode } from '../../helpers/relay-node.ts'

const node = await startRelayNode(t)
const agent = await node.startAgent()
const kept = await node.redis.connect()
await node.heard('the node serves', ({ generationsApplied, coturnVersion }) => generationsApplied?.length === 1 && coturnVersion !== null)

t.test('an agent whose coturn has died says so in heartbeat, metric and log, and starts none', async t => {
  t.equal(await agent.metric('spillway_agent_relay_up'), 1)
  t.type(await node.allocate('ada'), 'object')
  await node.heard('the call is known', ({ sessions }) => sessions === 1)
  await node.coturn.crash()
  await node.heard('the heartbeat tells', ({ coturnVersion }) => coturnVersion === null)
  t.equal(await agent.metric('spillway_agent_relay_up'), 0)
  await until('the log tells', () => agent.said('coturn does not answer on its CLI') === 1)
  const { beat } = await node.observed()
  await node.heard('it goes on telling, each second', next => next.beat >= beat + 3 && next.coturnVersion === null)
  t.equal(agent.said('coturn does not answer on its CLI'), 1, 'once in the log')
  await t.rejects(readCoturnVersion(node.coturn.cli), { code: 'ECONNREFUSED' }, 'nobody has started one')
})

t.test('launch started again brings it back, told of at once; what ran on the one before is lost, and said to be', async t => {
  await node.coturn.start()
  await node.heard('the heartbeat tells', ({ coturnVersion, sessions }) => coturnVersion !== null && sessions === 0)
  t.equal(await agent.metric('spillway_agent_relay_up'), 1)
  t.equal(agent.said('coturn answers again'), 1)
  t.equal(await agent.metric('spillway_agent_lost_sessions_total'), 1)
  t.type(await node.allocate('ada'), 'object', 'and serves')
})

t.test('an agent whose node was taken out says so; a drained one lets nobody in any more, another goes on', async t => {
  const desired = await node.centre.get('desired:eu-1') ?? ''
  await node.centre.del('desired:eu-1')
  await until('it says so', () => agent.said('node eu-1 is not registered: PUT /admin/v1/nodes/eu-1') === 1)
  t.type(await node.allocate('bob'), 'object')
  await node.centre.set('desired:eu-1', JSON.stringify({ ...JSON.parse(desired), draining: { sinceMs: 1 } }))
  await until('it is registered again', async () => (await kept.get('agent:desired'))?.includes('draining'))
  await node.centre.del('desired:eu-1')
  await node.heard('its secrets are gone', ({ generationsApplied }) => generationsApplied.length === 0)
  t.equal(await node.allocate('bob'), 401)
  await node.centre.set('desired:eu-1', desired)
  await node.heard('registered anew, it serves', ({ generationsApplied }) => generationsApplied.length === 1)
  t.type(await node.allocate('bob'), 'object')
})
