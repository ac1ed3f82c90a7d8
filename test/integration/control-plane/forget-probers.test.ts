import t from 'tap'
import { forgetProbers } from '../../../services/control-plane/forget-probers.ts'
import { PROBER_GONE_AFTER_MS } from '../../../services/policy/count-votes.ts'
import { readHealth, writeHealth } from '../../../services/store/health.ts'
import { healthOf, UDP } from '../../helpers/node-facts.ts'
import { nodeView, snapshotOf } from '../../helpers/node-views.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
const prober = (name: string, quietMs: number) => ({ name, beat: 7, quietMs, isHeard: true, reaches: true })
const views = [
  nodeView('eu-1', { probers: [prober('gone', PROBER_GONE_AFTER_MS + 1), prober('silent', PROBER_GONE_AFTER_MS)] }),
  nodeView('eu-2', { probers: [prober('gone', 0)] })
]
const left = async () => [...await readHealth(redis, ['eu-1', 'eu-2'])].map(([node, said]) => [node, ...[...said.keys()].sort()].join(' '))

t.test('what a prober said that is long gone is dropped, node by node, and nothing in an outage', async t => {
  for (const [node, name] of [['eu-1', 'gone'], ['eu-1', 'silent'], ['eu-2', 'gone']] as const) await writeHealth(redis, node, name, healthOf({ [UDP]: 'bad' }))
  await forgetProbers(redis, undefined)
  await forgetProbers(redis, snapshotOf(views, { outageSinceMs: 1, outageReason: 'emptied' }))
  t.same(await left(), ['eu-1 gone silent', 'eu-2 gone'])
  await forgetProbers(redis, snapshotOf(views))
  t.same(await left(), ['eu-1 silent', 'eu-2 gone'])
})
