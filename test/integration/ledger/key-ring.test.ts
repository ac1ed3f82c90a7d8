import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { addMasterKey, openMasterKey, retireMasterKey } from '../../../services/domain/key-ring.ts'
import type { KeyRing, MasterKeys } from '../../../services/domain/key-ring.ts'
import { mintCredential, mintUserId } from '../../../services/domain/turn-credential.ts'
import { applyNextUsage } from '../../../services/ledger/apply-usage.ts'
import { newNonce } from '../../../services/runtime/new-nonce.ts'
import { keepKeyRing } from '../../../services/store/key-ring.ts'
import { write } from '../../helpers/central-state.ts'
import { TEN_O_CLOCK } from '../../helpers/usage-rows.ts'
import { NODE, startUsageLine } from '../relay-agent/usage-line.ts'

const line = await startUsageLine(t)
const agent = await line.live()
await agent.followed()
const fourthKey = 'the last one of them, and also in this test only'
const [newKey, thirdKey] = ['the key that comes next, in this test only', 'and the one behind that, in this test only']
/** A control plane's own view of the ring. */
const controlPlane = keepKeyRing(line.centre, 'the master key of this test, nothing else', line.applier.now)
const nameUnder = (masterKey: string): string =>
  mintCredential(() => 'not looked at here', mintUserId(openMasterKey(masterKey, null).derived, 'shop', '0123456789abcdef01234567'), TEN_O_CLOCK / 1000 + 3600).username
async function changeRing (change: (ring: KeyRing) => MasterKeys): Promise<void> {
  await write(line.centre, controlPlane.write(change(await controlPlane.refresh())))
}
const forged = () => line.ledgerMetrics.forged.get({ node: NODE })

t.test('the first name under a new key is booked, though the ledger has waited since before there was one', async t => {
  const before = line.call(1)
  await before.begin()
  await line.settle(agent)
  await changeRing(ring => addMasterKey(ring, openMasterKey(newKey, null), newNonce))
  const after = line.call(2, { username: nameUnder(newKey) })
  await after.begin()
  await after.relay(1000, 2000)
  await before.relay(10, 20)
  await line.settle(agent)
  await line.compare(t)
  t.equal(forged(), 0)
  t.same(line.applier.keyRing.ring.keys.map(({ text }) => text).slice(1), [newKey])
})

t.test('a call under a name of a retired key goes on being booked', async t => {
  await changeRing(ring => retireMasterKey(ring, ring.keys[0] ?? ring.current, new Date(line.applier.now()).toISOString(), newNonce))
  await changeRing(ring => addMasterKey(ring, openMasterKey(thirdKey, null), newNonce))
  const late = line.call(3)
  await late.begin()
  await late.end(30, 40)
  await line.settle(agent)
  await line.compare(t)
  t.equal(forged(), 0)
})

t.test('a key that comes while the ledger waits for work is known when the work comes', async t => {
  const waits = async () => (await line.centre.info('clients')).includes('blocked_clients:1')
  let applying = applyNextUsage(line.applier)
  await until('the ledger waits', async () => {
    if (await waits()) return true
    await applying
    applying = applyNextUsage(line.applier)
    return false
  })
  await changeRing(ring => retireMasterKey(ring, ring.keys[0] ?? ring.current, new Date(line.applier.now()).toISOString(), newNonce))
  await changeRing(ring => addMasterKey(ring, openMasterKey(fourthKey, null), newNonce))
  const call = line.call(5, { username: nameUnder(fourthKey) })
  await call.begin()
  await call.relay(300, 400)
  await until('it is folded', async () => await agent.follower.save())
  await agent.ship()
  await applying
  await line.settle(agent)
  await line.compare(t)
  t.equal(forged(), 0)
})

t.test('a name under a key that never was in the ring is booked to nobody', async t => {
  const stranger = line.call(950_001, { username: nameUnder('a key of somebody else altogether, no doubt') })
  await stranger.begin()
  await stranger.relay(1, 1)
  await line.settle(agent)
  await line.compare(t)
  t.ok(forged() > 0)
})

t.test('while the ring cannot be read nothing is judged, and nothing lost', async t => {
  const ring = await line.centre.get('master-keys') ?? ''
  await line.centre.set('master-keys', '{')
  const call = line.call(4, { username: nameUnder(thirdKey) })
  await call.begin()
  await call.end(100, 200)
  await t.rejects(line.settle(agent), SyntaxError)
  await line.centre.set('master-keys', ring)
  await line.settle(agent)
  await line.compare(t)
})
