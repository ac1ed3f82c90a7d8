import t from 'tap'
import type { Test } from 'tap'
import { createAdminContext } from '../../../services/control-plane/admin-context.ts'
import { addKey, retireKey, returnToKey } from '../../../services/control-plane/change-master-key.ts'
import { finishRotations } from '../../../services/control-plane/finish-rotations.ts'
import { newApp } from '../../../services/domain/app.ts'
import type { Actor } from '../../../services/domain/audit.ts'
import { sealedUnder, unsealSecret } from '../../../services/domain/key-ring.ts'
import { newDesired } from '../../../services/domain/node.ts'
import type { ObservedNode } from '../../../services/domain/node.ts'
import { nodeKeyIdOf } from '../../../services/domain/node-keys.ts'
import { deriveNodeKey, keyId } from '../../../services/domain/turn-credential.ts'
import { addGeneration } from '../../../services/policy/rotate-generations.ts'
import { readAllApps, writeApp } from '../../../services/store/apps.ts'
import { readAudit } from '../../../services/store/audit.ts'
import { keepKeyRing } from '../../../services/store/key-ring.ts'
import { readDesired, readNodes, writeDesired, writeNewNode } from '../../../services/store/nodes.ts'
import { registerNode } from '../../helpers/central-state.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { noExperience, noneEachStep } from '../../../services/domain/load-experience.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const ROOT: Actor = { name: 'root', role: 'admin' }
const key = (number: number): string => `master key number ${number} of this fleet `.padEnd(48, '.')
const observed: ObservedNode = { beat: 3, clockMs: 1, region: 'eu', relayIps: ['192.0.2.1'], urls: [], capacityBitsPerSecond: 1e9, maxAllocations: 10, coturnVersion: null, boot: 'b', sessions: 0, loadBitsPerSecond: 0, unresolved: noneEachStep(), experience: noExperience(), interfaceBitsPerSecond: null, generationsApplied: [1, 2], outboxPending: 0, gaps: 0 }

/** A centre with one node, and replicas of the control plane on it. */
async function startCentre (t: Test) {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  await registerNode(redis, 'n', newDesired(keyId(deriveNodeKey(key(1), 'n'))))
  /** @param masterKey it is configured with */
  const replica = async (masterKey: string) => {
    const redis = await server.connect()
    const keyRing = keepKeyRing(redis, masterKey, () => NOW_MS)
    await keyRing.begin()
    const admin = createAdminContext({ redis, keyRing, snapshot: () => undefined, domain: 'd', now: () => NOW_MS })
    return {
      ...admin,
      rotate: async (to: string) => { await admin.change(ROOT, async () => await addKey(admin, to, 60)) },
      rotateBack: async () => { await admin.change(ROOT, async () => await returnToKey(admin, 60)) },
      retire: async (masterKey: string) => { await admin.change(ROOT, async () => await retireKey(admin, keyId(masterKey))) }
    }
  }
  /** As the agent and the other replicas would, in time. */
  const completeRotation = async () => {
    for (const { id, desired: { rotation: _, ...desired } } of await readNodes(redis)) {
      const before = await readDesired(redis, id)
      await (await replica(key(1))).change(ROOT, async () => ({ action: 'test', target: id, before: null, after: null, writes: [writeDesired(id, before, { ...desired, generations: desired.generations.slice(-1) })], result: undefined }))
    }
  }
  return { redis, replica, completeRotation }
}

t.test('of two rotations at the same moment one is made, the other is told so', async t => {
  const { redis, replica } = await startCentre(t)
  const [a, b] = [await replica(key(1)), await replica(key(1))]
  const results = await Promise.allSettled([a.rotate(key(2)), b.rotate(key(3))])
  t.same(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.match(results.find(({ status }) => status === 'rejected'), { reason: { status: 409, code: 'rotation_under_way' } })
  const [forA, forB] = await Promise.all([a.keyRing.refresh(), b.keyRing.refresh()])
  t.same(forA.keys.map(({ text }) => text), forB.keys.map(({ text }) => text), 'and both hold the same keys')
  t.same((await readDesired(redis, 'n'))?.generations, [1, 2], 'the node has one new generation')
})

t.test('two replicas that end a rotation do it once, and it stands in the audit', async t => {
  const { redis, replica } = await startCentre(t)
  const admin = await replica(key(1))
  const before = await readDesired(redis, 'n')
  if (!before) throw new Error('a wish')
  await admin.change(ROOT, async () => ({ action: 'test', target: 'n', before: null, after: null, writes: [writeDesired('n', before, addGeneration(before, 60))], result: undefined }))
  const finish = async (nowMs: number) => {
    const nodes = (await readNodes(redis)).map(node => ({ ...node, observed }))
    await Promise.all(Array.from({ length: 4 }, async () => { await finishRotations(redis, nodes, nowMs) }))
    return await readDesired(redis, 'n')
  }
  t.match(await finish(NOW_MS), { generations: [1, 2], rotation: { overlapSeconds: 60, confirmedAtMs: NOW_MS } })
  t.match(await finish(NOW_MS + 59_999), { generations: [1, 2], rotation: { confirmedAtMs: NOW_MS } })
  t.same(await finish(NOW_MS + 60_000), { ...before, generations: [2] })
  t.same((await readAudit(redis, 1, 100)).entries.filter(({ action }) => action === 'node.retire-secret').map(({ actor, target }) => [actor, target]), [['spillway', 'n']])
})

t.test('a replica that has not heard of a rotation seals and registers under the new key all the same', async t => {
  const { redis, replica } = await startCentre(t)
  const [behind, other] = [await replica(key(1)), await replica(key(1))]
  const app = newApp('shop', '2026-11-22T09:00:00.000Z')
  const withSecret = (secret: string) => ({ ...app, userJwt: { issuer: 'i', audience: 'a', jwksUrl: null, sealedSecret: behind.sealSecret(secret) } })
  const setSecret = async (secret: string) => {
    await behind.change(ROOT, async () => ({ action: 'test', target: 'shop', before: null, after: null, writes: [writeApp('shop', withSecret(secret))], result: undefined }))
  }
  const readSealed = async () => (await readAllApps(redis)).apps.get('shop')?.userJwt?.sealedSecret ?? ''

  await setSecret('the first secret')
  t.equal(sealedUnder(await readSealed()), keyId(key(1)))
  await other.rotate(key(2))
  t.equal(sealedUnder(await readSealed()), keyId(key(2)), 'what was sealed before is sealed anew')
  t.equal(unsealSecret(await other.keyRing.refresh(), await readSealed()), 'the first secret')

  t.equal(behind.keyRing.ring.current.text, key(1), 'it has not heard')
  await setSecret('the second secret')
  t.equal(sealedUnder(await readSealed()), keyId(key(2)))
  t.equal(unsealSecret(behind.keyRing.ring, await readSealed()), 'the second secret')
})

t.test('a key is retired when no node needs it, and by a process that was started with another', async t => {
  const { redis, replica, completeRotation } = await startCentre(t)
  const old = await replica(key(1))
  await old.rotate(key(2))
  const current = await replica(key(2))
  await t.rejects(current.retire(key(1)), { code: 'master_key_in_use', message: /by n$/ })
  await t.rejects(current.retire(key(2)), { code: 'master_key_in_use', message: /the current master key/ })
  await t.rejects(current.retire(key(3)), { code: 'master_key_not_found' })
  await completeRotation()
  await t.rejects(old.retire(key(1)), { code: 'master_key_in_use', message: /was started with it/ })
  await current.retire(key(1))
  t.same((await readDesired(redis, 'n'))?.nodeKeys, [{ from: 2, id: keyId(deriveNodeKey(key(2), 'n')) }], 'nothing is left that the old key opens')

  t.same((await old.keyRing.refresh()).keys.map(({ text }) => text), [key(2)], 'a process configured with it goes on')
  t.match(old.keyRing.degraded, { masterKey: /is retired/ })
  t.same(current.keyRing.degraded, {})
  await t.rejects(replica(key(1)), { name: 'OperatorMistake' }, 'and does not start again')

  await old.rotate(key(3))
  t.equal((await current.keyRing.refresh()).current.text, key(3), 'the next rotation is as good as the first')
})

t.test('an operator who has not kept the new key goes back to the old one', async t => {
  const { redis, replica, completeRotation } = await startCentre(t)
  const admin = await replica(key(1))
  await t.rejects(admin.rotateBack(), { status: 409, code: 'no_rotation' })
  await admin.rotate(key(2))
  await admin.rotateBack()
  t.equal((await admin.keyRing.refresh()).current.text, key(1))
  const desired = await readDesired(redis, 'n')
  const nodeKeyId = (number: number) => keyId(deriveNodeKey(key(number), 'n'))
  t.same(desired?.generations, [1, 2, 3])
  t.same([1, 2, 3].map(generation => nodeKeyIdOf(desired?.nodeKeys ?? [], generation)), [nodeKeyId(1), nodeKeyId(2), nodeKeyId(1)])
  await t.rejects(admin.retire(key(1)), { code: 'master_key_in_use', message: /the current master key/ })
  await t.rejects(admin.retire(key(2)), { code: 'master_key_in_use', message: /by n$/ })
  await completeRotation()
  await admin.retire(key(2))
  t.same((await admin.keyRing.refresh()).keys.map(({ text }) => text), [key(1)])
  t.same(new Set((await readDesired(redis, 'n'))?.nodeKeys.map(({ id }) => id)), new Set([nodeKeyId(1)]))
  await admin.rotate(key(3))
  t.equal((await admin.keyRing.refresh()).current.text, key(3))
})

t.test('no secret lies in the centre in clear', async t => {
  const { redis, replica } = await startCentre(t)
  const admin = await replica(key(1))
  await admin.change(ROOT, async () => ({ action: 'test', target: 'm', before: null, after: null, writes: writeNewNode('m', newDesired(keyId(deriveNodeKey(key(1), 'm')))), result: undefined }))
  await admin.rotate(key(2))
  const all = [...await redis.mget('master-keys', 'desired:n', 'desired:m'), ...await redis.lrange('audit', 0, -1)].join()
  for (const master of [key(1), key(2)]) {
    for (const secret of [master, deriveNodeKey(master, 'n'), deriveNodeKey(master, 'm')]) t.notOk(all.includes(secret))
  }
  const audit = (await redis.lrange('audit', 0, -1)).join()
  t.notOk(audit.includes('sealed'), 'nor does the audit hold what is sealed')
})

t.test('a new key is minted under only once it is safe on the disk; until then, and where there is no other, the old one', async t => {
  const { replica } = await startCentre(t)
  const first = await replica(key(1))
  let nowMs = NOW_MS
  const watching = keepKeyRing(first.redis, key(1), () => nowMs)
  await watching.begin()
  t.equal(watching.minting.text, key(1))
  await first.rotate(key(2))
  await watching.refresh()
  t.equal(watching.ring.current.text, key(2))
  t.equal(watching.minting.text, key(1))
  nowMs += 2_000
  t.equal(watching.minting.text, key(2))
})

t.test('a ring that cannot be read leaves a running process as it was', async t => {
  const { redis, replica } = await startCentre(t)
  const running = await replica(key(1))
  await running.rotate(key(2))
  await running.keyRing.refresh()
  const good = await redis.get('master-keys') ?? ''
  for (const bad of ['{', '{"keys":[]}', good.replaceAll(/"sealed":\{"[0-9a-f]+":"./g, '$&x')]) {
    await redis.set('master-keys', bad)
    if (bad.startsWith('{"keys":[{')) t.equal((await running.keyRing.refresh()).keys.length, 2, 'what it knows it needs not open')
    else await t.rejects(running.keyRing.refresh(), { name: /^(?!OperatorMistake)/ })
    t.same(running.keyRing.ring.keys.map(({ text }) => text), [key(1), key(2)])
  }
})
