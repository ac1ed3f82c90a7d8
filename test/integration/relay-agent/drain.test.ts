import t from 'tap'
import { type TurnClient } from '../../../services/turn/turn-client.ts'
import { until } from '../../../scripts/until.ts'
import { lives, startRelayNode } from '../../helpers/relay-node.ts'

const MAX_ALLOCATIONS = 4
const node = await startRelayNode(t, { maxAllocations: MAX_ALLOCATIONS })
const users = await node.redis.connect({ database: 1 })
const QUOTA = `turn/realm/${node.coturn.realm}/total-quota`
let agent = await node.startAgent()
await node.heard('the node serves', ({ generationsApplied, admitting }) => generationsApplied?.length === 1 && admitting === true)

let named = 0
const allocate = async () => await node.allocate(`user ${++named}`)
const call = async (): Promise<TurnClient> => {
  const client = await allocate()
  if (typeof client === 'number') throw new Error(`refused with ${client}`)
  return client
}
const calls: TurnClient[] = [await call(), await call()]

t.test('a node that is drained refuses new allocations behind the grace, and touches no call', async t => {
  const askedAtMs = Date.now()
  await node.wish(desired => ({ ...desired, draining: { sinceMs: askedAtMs } }))
  calls.push(await call())
  t.equal(await users.exists(QUOTA), 0, 'who was given the node a moment ago still gets in')
  await until('coturn is told', async () => await users.get(QUOTA) === '1')
  const graceMs = Date.now() - askedAtMs
  t.ok(graceMs > 9_000 && graceMs < 13_000, `the grace was ${graceMs} ms`)
  await node.heard('the agent says that it refuses', ({ admitting }) => admitting === false)
  t.equal(await allocate(), 486, 'and it does')
  t.match(await node.observed(), { sessions: 3 })
  t.equal(await agent.metric('spillway_agent_admitting'), 0)
  for (const client of calls) t.ok(await lives(client), 'the call goes on')
})

t.test('the quota stands again after the Redis of the node was emptied, though its agent was restarted before', async t => {
  const { beat: lastBeat } = await node.observed()
  agent.terminate()
  await agent.exit(15_000)
  agent = await node.startAgent()
  await node.heard('the agent has seen that it is drained already', ({ beat }) => beat > lastBeat)
  const emptiedAtMs = Date.now()
  await users.del(QUOTA)
  await until('it is put back', async () => await users.get(QUOTA) === '1')
  t.ok(Date.now() - emptiedAtMs < 5_000, 'at once: the grace is over')
  await node.heard('the new agent says that coturn refuses', ({ admitting }) => admitting === false)
  t.equal(await allocate(), 486)
})

t.test('undrained, coturn admits as many as it is configured for', async t => {
  await node.wish(({ draining: _, ...desired }) => desired)
  await node.heard('the agent says that it admits', ({ admitting }) => admitting === true)
  t.equal(await users.exists(QUOTA), 0)
  calls.push(await call())
  t.equal(await allocate(), 486, `${MAX_ALLOCATIONS} are there`)
  for (const client of calls) t.ok(await lives(client))
})

t.test('the capacity of the wish goes before that of the configuration', async t => {
  t.equal((await node.observed()).capacityBitsPerSecond, 100_000_000)
  await node.wish(desired => ({ ...desired, capacityBitsPerSecond: 5_000_000 }))
  await node.heard('it is told', ({ capacityBitsPerSecond }) => capacityBitsPerSecond === 5_000_000, 3_000)
  await node.wish(desired => ({ ...desired, capacityBitsPerSecond: null }))
  await node.heard('and taken back', ({ capacityBitsPerSecond }) => capacityBitsPerSecond === 100_000_000, 3_000)
})
