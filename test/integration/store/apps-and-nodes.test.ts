import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { newApp } from '../../../services/domain/app.ts'
import type { App, AppKey } from '../../../services/domain/app.ts'
import type { ObservedNode } from '../../../services/domain/node.ts'
import { readAppsAndKeys, writeApp, writeKey } from '../../../services/store/apps.ts'
import { claimJobRun } from '../../../services/store/job-runs.ts'
import { listNodeIds, readDesired, readNodes, replaceDesired, writeObserved } from '../../../services/store/nodes.ts'
import { desiredNode, registerNode, write } from '../../helpers/central-state.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { noExperience, noneEachStep } from '../../../services/domain/load-experience.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
t.beforeEach(() => redis.flushall())

const app = (id: string, differs: Partial<App> = {}): App => ({ ...newApp(id, '2026-11-22T10:00:00.000Z'), ...differs })
const key = (id: string, of: string): AppKey => ({ id, app: of, kind: 'secret', createdAt: '2026-11-22T10:00:00.000Z' })

t.test('an empty centre has no apps and is of version 0', async t => {
  t.match(await readAppsAndKeys(redis, undefined), { version: '0', apps: new Map(), keys: new Map() })
  t.equal(await readAppsAndKeys(redis, '0'), undefined, 'and nothing newer than that')
})

t.test('apps and keys are read whole, and again only when something was changed', async t => {
  await write(redis, writeApp('shop', app('shop')), writeKey('aa', key('1', 'shop')))
  const first = await readAppsAndKeys(redis, '0')
  t.same([...first?.apps ?? []], [['shop', app('shop')]])
  t.same([...first?.keys ?? []], [['aa', key('1', 'shop')]])
  t.equal(await readAppsAndKeys(redis, first?.version), undefined)

  await write(redis, writeApp('shop', null), writeKey('aa', null), writeApp('chat', app('chat', { suspended: true })))
  const second = await readAppsAndKeys(redis, first?.version)
  t.same([...second?.apps ?? []], [['chat', app('chat', { suspended: true })]])
  t.equal(second?.keys.size, 0)
})

t.test('a node is registered with its wish', async t => {
  await registerNode(redis, 'eu-1', desiredNode())
  t.same(await readDesired(redis, 'eu-1'), desiredNode())
  t.equal(await readDesired(redis, 'eu-2'), null)
  await registerNode(redis, 'ap-1', desiredNode())
  t.same(await listNodeIds(redis), ['ap-1', 'eu-1'])
})

t.test('wishes are kept for registered nodes only; facts stand beside them, or null', async t => {
  await registerNode(redis, 'eu-1', desiredNode())
  await registerNode(redis, 'eu-2', desiredNode())
  const [before, after] = [desiredNode(), desiredNode({ generations: [1, 2], fleetIps: ['192.0.2.1'] })]
  t.ok(await replaceDesired(redis, 'eu-1', before, after))
  t.notOk(await replaceDesired(redis, 'eu-1', before, desiredNode({ generations: [9] })), 'a wish that was changed meanwhile stands')
  t.notOk(await replaceDesired(redis, 'stranger', before, after), 'nor is there a wish of a stranger to change')
  const observed: ObservedNode = { beat: 3, clockMs: 1, region: 'eu', relayIps: ['192.0.2.1'], urls: [], capacityBitsPerSecond: 1e9, maxAllocations: 10, coturnVersion: null, boot: 'b', sessions: 0, loadBitsPerSecond: 0, unresolved: noneEachStep(), experience: noExperience(), interfaceBitsPerSecond: null, generationsApplied: [1], outboxPending: 0, gaps: 0 }
  await writeObserved(redis, 'eu-2', observed)
  t.same(await readNodes(redis), [
    { id: 'eu-1', desired: desiredNode({ generations: [1, 2], fleetIps: ['192.0.2.1'] }), observed: null },
    { id: 'eu-2', desired: desiredNode(), observed }
  ])
})

t.test('of many that claim a firing of a job one gets it, until the mark has expired', async t => {
  const claims = await Promise.all(Array.from({ length: 10 }, () => claimJobRun(redis, 'retain:10:17', 60_000)))
  t.equal(claims.filter(Boolean).length, 1)
  t.equal(await claimJobRun(redis, 'retain:11:17', 60_000), true, 'the next firing is another')
  await claimJobRun(redis, 'soon over', 1.5)
  await until('its mark has expired', () => claimJobRun(redis, 'soon over', 60_000))
})
