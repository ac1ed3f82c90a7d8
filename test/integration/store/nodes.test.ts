import t from 'tap'
import { noExperience, noneEachStep } from '../../../services/domain/load-experience.ts'
import { readNodes } from '../../../services/store/nodes.ts'
import { registerNode } from '../../helpers/central-state.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()

t.test('a node that writes nonsense harms itself alone', async t => {
  for (const id of ['good', 'bad', 'old']) await registerNode(redis, id)
  const heartbeat = {
    beat: 1,
    clockMs: 1,
    region: 'eu',
    relayIps: ['192.0.2.1'],
    urls: ['turn:192.0.2.1:3478'],
    capacityBitsPerSecond: 1,
    maxAllocations: 1,
    coturnVersion: null,
    boot: 'b',
    sessions: 0,
    loadBitsPerSecond: 0,
    unresolved: noneEachStep(),
    experience: noExperience(),
    interfaceBitsPerSecond: null,
    generationsApplied: [1],
    outboxPending: 0,
    gaps: 0
  }
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
