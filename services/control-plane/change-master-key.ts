import type { App } from '../domain/app.ts'
import { addMasterKey, openMasterKey, retireMasterKey, sealedUnder, sealSecret, unsealSecret } from '../domain/key-ring.ts'
import type { KeyRing, MasterKey, MasterKeys, RetiredKey } from '../domain/key-ring.ts'
import { addNodeKey, dropNodeKey, nodesAccepting } from '../policy/rotate-node-keys.ts'
import { newNonce } from '../runtime/new-nonce.ts'
import { readAllApps, writeApp } from '../store/apps.ts'
import type { Change, Write } from '../store/audit.ts'
import { readNodes, writeDesired } from '../store/nodes.ts'
import type { AdminContext } from './admin-context.ts'
import { problems } from './problems.ts'

type Context = Pick<AdminContext, 'redis' | 'keyRing' | 'now'>

/** A new master key beside the present one, and with it new secrets for every node. @throws Problem rotation_under_way */
export async function addKey (context: Context, text: string, overlapSeconds: number): Promise<Change<undefined>> {
  const { ring } = context.keyRing
  if (ring.keys.length > 1) throw problems.masterRotationUnderWay()
  const added = openMasterKey(text, new Date(context.now()).toISOString())
  return {
    action: 'master-key.rotate',
    ...await makeCurrent(context, added, addMasterKey(ring, added, newNonce), overlapSeconds),
    result: undefined
  }
}

/**
 * Makes the other master key the current one, for an operator who has not kept the present one: nobody can be given it a
 * second time. That is then the one to retire. @throws Problem no_rotation
 */
export async function returnToKey (context: Context, overlapSeconds: number): Promise<Change<MasterKey>> {
  const { ring } = context.keyRing
  const [other] = ring.keys
  if (!other || other === ring.current) throw problems.noRotation()
  return {
    action: 'master-key.rotate-back',
    ...await makeCurrent(context, other, { ...ring.stored, keys: ring.stored.keys.toReversed() }, overlapSeconds),
    result: other
  }
}

/** What both of them change: the ring, a generation of this key on every node, and the secrets of apps, sealed under it. */
async function makeCurrent ({ redis, keyRing }: Context, key: MasterKey, stored: MasterKeys, overlapSeconds: number): Promise<Pick<Change<unknown>, 'target' | 'before' | 'after' | 'writes'>> {
  const { ring } = keyRing
  const [nodes, { apps }] = await Promise.all([readNodes(redis), readAllApps(redis)])
  return {
    target: key.id,
    before: { current: ring.current.id },
    after: { current: key.id, overlapSeconds, nodes: nodes.map(({ id }) => id) },
    writes: [
      keyRing.write(stored),
      ...nodes.map(node => writeDesired(node.id, node.desired, addNodeKey(node, ring.current.text, key.text, overlapSeconds, newNonce))),
      ...reseal(apps.values(), ring, key)
    ]
  }
}

/** Takes the other master key out of the ring. @throws Problem master_key_not_found, master_key_in_use */
export async function retireKey ({ redis, keyRing, now }: Context, id: string): Promise<Change<Pick<RetiredKey, 'id' | 'retiredAt'>>> {
  const { ring } = keyRing
  const retiring = ring.keys.find(key => key.id === id)
  if (!retiring) throw problems.noMasterKey(id)
  const [nodes, { apps }] = await Promise.all([readNodes(redis), readAllApps(redis)])
  if (retiring === ring.current) throw problems.masterKeyInUse('this is the current master key: rotate first')
  const accepting = nodesAccepting(nodes, retiring.text)
  if (accepting.length > 0) throw problems.masterKeyInUse(`secrets that derive from it are still accepted, or not yet replaced, by ${accepting.join(', ')}`)
  // the new key was shown once: whoever has not kept it would lose everything with the next restart
  if (id === keyRing.configuredId) throw problems.masterKeyInUse('this control-plane was started with it: set SPILLWAY_MASTER_KEY to the current one, start it again, then retire this')
  const retiredAt = new Date(now()).toISOString()
  return {
    action: 'master-key.retire',
    target: id,
    before: { keys: ring.keys.map(({ id }) => id) },
    after: { keys: [ring.current.id] },
    writes: [
      keyRing.write(retireMasterKey(ring, retiring, retiredAt, newNonce)),
      ...nodes.map(node => writeDesired(node.id, node.desired, dropNodeKey(node, retiring.text))),
      ...reseal(apps.values(), ring, ring.current)
    ],
    result: { id, retiredAt }
  }
}

/** Secrets of apps that are sealed under another key of the ring. */
function reseal (apps: Iterable<App>, ring: KeyRing, key: MasterKey): Write[] {
  const writes: Write[] = []
  for (const app of apps) {
    const sealed = app.userJwt?.sealedSecret
    if (!app.userJwt || !sealed || sealedUnder(sealed) === key.id) continue
    const secret = unsealSecret(ring, sealed)
    if (secret === undefined) continue
    writes.push(writeApp(app.id, { ...app, userJwt: { ...app.userJwt, sealedSecret: sealSecret(key, secret, newNonce()) } }))
  }
  return writes
}
