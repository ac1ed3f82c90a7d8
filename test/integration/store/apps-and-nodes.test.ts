import t from 'tap'
import type { App, AppKey } from '../../../services/domain/app.ts'
import type { ObservedNode } from '../../../services/domain/node.ts'
import { addKey, createApp, deleteApp, readAppsAndKeys, removeKey, replaceApp } from '../../../services/store/apps.ts'
import { claimJobRun } from '../../../services/store/job-runs.ts'
import { listNodeIds, readDesired, readNodes, registerNode, replaceDesired, writeObserved } from '../../../services/store/nodes.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { until } from '../../helpers/until.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
t.beforeEach(() => redis.flushall())

const app = (id: string, differs: Partial<App> = {}): App => ({ id, name: `The ${id}`, maxTtlSeconds: 3_600, createdAt: '2026-11-22T10:00:00.000Z', ...differs })
const key = (id: string, of: string): AppKey => ({ id, app: of, createdAt: '2026-11-22T10:00:00.000Z' })
const version = async () => (await readAppsAndKeys(redis, undefined))?.version

t.test('an empty centre has no apps and is of version 0', async t => {
  t.match(await readAppsAndKeys(redis, undefined), { version: '0', apps: new Map(), keys: new Map() })
  t.equal(await readAppsAndKeys(redis, '0'), undefined, 'and nothing newer than that')
})

t.test('an app is created once, replaced where it is, deleted with its keys and no others', async t => {
  t.equal(await createApp(redis, app('shop')), true)
  t.equal(await createApp(redis, app('shop', { name: 'another' })), false)
  t.equal(await replaceApp(redis, app('nobody')), false)
  t.equal(await replaceApp(redis, app('shop', { name: 'renamed', maxTtlSeconds: 60 })), true)
  await createApp(redis, app('chat'))
  t.equal(await addKey(redis, 'aa', key('1', 'shop')), true)
  t.equal(await addKey(redis, 'bb', key('2', 'shop')), true)
  t.equal(await addKey(redis, 'cc', key('3', 'chat')), true)
  t.same((await readAppsAndKeys(redis, undefined))?.apps.get('shop'), app('shop', { name: 'renamed', maxTtlSeconds: 60 }))

  t.equal(await deleteApp(redis, 'shop'), true)
  t.equal(await deleteApp(redis, 'shop'), false)
  const left = await readAppsAndKeys(redis, undefined)
  t.same([...left?.apps.keys() ?? []], ['chat'])
  t.same([...left?.keys ?? []], [['cc', key('3', 'chat')]])
})

t.test('a key needs its app, is added once and removed once', async t => {
  t.equal(await addKey(redis, 'aa', key('1', 'nobody')), false)
  await createApp(redis, app('shop'))
  t.equal(await addKey(redis, 'aa', key('1', 'shop')), true)
  t.equal(await addKey(redis, 'aa', key('9', 'shop')), false)
  t.equal((await readAppsAndKeys(redis, undefined))?.keys.get('aa')?.id, '1')
  t.equal(await removeKey(redis, 'aa'), true)
  t.equal(await removeKey(redis, 'aa'), false)
  t.equal((await readAppsAndKeys(redis, undefined))?.keys.size, 0)
})

t.test('every change makes a new version, and what changed nothing does not', async t => {
  const steps: Array<[boolean, () => Promise<boolean>]> = [
    [true, () => createApp(redis, app('shop'))],
    [false, () => createApp(redis, app('shop'))],
    [true, () => replaceApp(redis, app('shop', { name: 'renamed' }))],
    [false, () => replaceApp(redis, app('nobody'))],
    [true, () => addKey(redis, 'aa', key('1', 'shop'))],
    [false, () => addKey(redis, 'aa', key('1', 'shop'))],
    [true, () => removeKey(redis, 'aa')],
    [false, () => removeKey(redis, 'aa')],
    [true, () => deleteApp(redis, 'shop')],
    [false, () => deleteApp(redis, 'shop')]
  ]
  for (const [changes, step] of steps) {
    const before = await version()
    t.equal(await step(), changes)
    t.equal(await readAppsAndKeys(redis, before) !== undefined, changes)
  }
})

t.test('a node is registered once: the second time changes nothing', async t => {
  t.equal(await registerNode(redis, 'eu-1', { generations: [1], fleetIps: [] }), true)
  t.equal(await registerNode(redis, 'eu-1', { generations: [7], fleetIps: ['192.0.2.1'] }), false)
  t.same(await readDesired(redis, 'eu-1'), { generations: [1], fleetIps: [] })
  t.equal(await readDesired(redis, 'eu-2'), null)
  await registerNode(redis, 'ap-1', { generations: [1], fleetIps: [] })
  t.same(await listNodeIds(redis), ['ap-1', 'eu-1'])
})

t.test('wishes are kept for registered nodes only; facts stand beside them, or null', async t => {
  await registerNode(redis, 'eu-1', { generations: [1], fleetIps: [] })
  await registerNode(redis, 'eu-2', { generations: [1], fleetIps: [] })
  const [before, after] = [{ generations: [1], fleetIps: [] }, { generations: [1, 2], fleetIps: ['192.0.2.1'] }]
  t.ok(await replaceDesired(redis, 'eu-1', before, after))
  t.notOk(await replaceDesired(redis, 'eu-1', before, { generations: [9], fleetIps: [] }), 'a wish that was changed meanwhile stands')
  t.notOk(await replaceDesired(redis, 'stranger', before, after), 'nor is there a wish of a stranger to change')
  const observed: ObservedNode = { beat: 3, clockMs: 1, region: 'eu', relayIps: ['192.0.2.1'], urls: [], capacityBitsPerSecond: 1e9, maxAllocations: 10, coturnVersion: null, boot: 'b', sessions: 0, loadBitsPerSecond: 0, interfaceBitsPerSecond: null, generationsApplied: [1], outboxPending: 0, gaps: 0 }
  await writeObserved(redis, 'eu-2', observed)
  t.same(await readNodes(redis), [
    { id: 'eu-1', desired: { generations: [1, 2], fleetIps: ['192.0.2.1'] }, observed: null },
    { id: 'eu-2', desired: { generations: [1], fleetIps: [] }, observed }
  ])
})

t.test('of many that claim a firing of a job one gets it, until the mark has expired', async t => {
  const claims = await Promise.all(Array.from({ length: 10 }, () => claimJobRun(redis, 'retain:10:17', 60_000)))
  t.equal(claims.filter(Boolean).length, 1)
  t.equal(await claimJobRun(redis, 'retain:11:17', 60_000), true, 'the next firing is another')
  await claimJobRun(redis, 'soon over', 1.5)
  await until('its mark has expired', () => claimJobRun(redis, 'soon over', 60_000))
})
