import t from 'tap'
import { writeHealth } from '../../../services/store/health.ts'
import { readNodes, writeNoNode, writeObserved } from '../../../services/store/nodes.ts'
import { writeProbeCredential } from '../../../services/store/probe-credentials.ts'
import { desiredNode, registerNode, write } from '../../helpers/central-state.ts'
import { healthOf, observedNode } from '../../helpers/node-facts.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()

t.test('a node that writes nonsense harms itself alone', async t => {
  for (const id of ['good', 'bad', 'old']) await registerNode(redis, id)
  const heartbeat = observedNode()
  await redis.set('observed:good', JSON.stringify(heartbeat))
  const { generationsApplied: _, ...incomplete } = heartbeat
  const nonsense: Array<[string, string]> = [['no JSON', '{'], ['another version', JSON.stringify(incomplete)], ['a range as an address', JSON.stringify({ ...heartbeat, relayIps: ['0.0.0.0-255.255.255.255'] })]]
  for (const [what, json] of nonsense) {
    await redis.set('observed:bad', json)
    const invalid: string[] = []
    const nodes = await readNodes(redis, id => { invalid.push(id) })
    t.same(nodes.map(({ id, observed }) => [id, observed === null]), [['bad', true], ['good', false], ['old', true]], what)
    t.same(invalid, ['bad'], 'and it is told')
  }
})

t.test('what has not changed is not read anew, and what has is', async t => {
  await redis.flushall()
  for (const id of ['eu-1', 'eu-2']) await registerNode(redis, id)
  const before = await readNodes(redis)
  await redis.set('desired:eu-2', JSON.stringify({ ...desiredNode(), weight: 2 }))
  const after = await readNodes(redis)
  t.equal(after[0]?.desired, before[0]?.desired, 'the object it was')
  t.equal(after[1]?.desired.weight, 2)
  await writeObserved(redis, 'eu-1', observedNode({ beat: 5 }))
  const spoken = (await readNodes(redis))[0]?.observed
  t.equal(spoken?.beat, 5)
  t.equal((await readNodes(redis))[0]?.observed, spoken)
  await writeObserved(redis, 'eu-1', observedNode({ beat: 6 }))
  t.equal((await readNodes(redis))[0]?.observed?.beat, 6)
  await redis.srem('nodes', 'eu-1')
  t.same((await readNodes(redis)).map(({ id }) => id), ['eu-2'])
})

t.test('a node that is removed leaves nothing that another of its name would begin with, and the others keep theirs', async t => {
  await redis.flushall()
  for (const id of ['eu-1', 'eu-2']) {
    await registerNode(redis, id)
    await writeObserved(redis, id, observedNode())
    for (const prober of ['p', 'q']) await writeHealth(redis, id, prober, healthOf({}))
    await writeProbeCredential(redis, id, { username: 'u', password: 'p', expiresAtMs: 1, generation: 1, keyId: '0123456789abcdef' }, 60_000)
  }
  await write(redis, ...writeNoNode('eu-1', desiredNode()))
  t.same((await redis.keys('*')).sort(), ['audit', 'audit:head', 'desired:eu-2', 'health:eu-2', 'nodes', 'observed:eu-2', 'probe-credential:eu-2'])
  await redis.set('observed:eu-1', '{}')
  await write(redis, ...writeNoNode('eu-2', desiredNode()))
  t.same((await redis.keys('*')).sort(), ['audit', 'audit:head', 'observed:eu-1'], 'what one alone lacks is no hindrance')
})
