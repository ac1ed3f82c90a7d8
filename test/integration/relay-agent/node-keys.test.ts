import { pino } from 'pino'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode } from '../../../services/domain/node.ts'
import { deriveNodeKey, deriveNodeSecret, keyId } from '../../../services/domain/turn-credential.ts'
import { addNodeKey, dropNodeKey } from '../../../services/policy/rotate-node-keys.ts'
import { createDrainer } from '../../../services/relay-agent/drain-relay.ts'
import { followDesired } from '../../../services/relay-agent/follow-desired.ts'
import { holdNodeKeys } from '../../../services/relay-agent/hold-node-keys.ts'
import { createObeyer } from '../../../services/relay-agent/obey-desired.ts'
import { newNonce } from '../../../services/runtime/new-nonce.ts'
import { coturnKeys } from '../../../services/store/keys.ts'
import { readDesired, replaceDesired } from '../../../services/store/nodes.ts'
import { registerNode } from '../../helpers/central-state.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const NODE = 'eu-1'
const REALM = 'eu-1.turn.example.org'
const [old, next, third] = ['o'.repeat(40), 'n'.repeat(40), 't'.repeat(40)] as const
const nodeKey = (master: string): string => deriveNodeKey(master, NODE)
const secret = (master: string, generation: number): string => deriveNodeSecret(nodeKey(master), generation)

/** A registered node with its two servers, and agents of it, each of which knows only its configuration and what the node's Redis keeps. */
async function startNode (t: Test) {
  const [node, central] = [await startRedisServer(t, { variant: 'node' }), await startRedisServer(t, { variant: 'central' })]
  const centre = await central.connect()
  const operator = await node.connect()
  await registerNode(centre, NODE, newDesired(keyId(nodeKey(old))))

  async function change (next: (desired: DesiredNode) => DesiredNode): Promise<void> {
    const before = await readDesired(centre, NODE)
    if (!before || !await replaceDesired(centre, NODE, before, next(before))) throw new Error('the wish was not changed')
  }
  async function live (configured: string) {
    const [nodeRedis, userRedis, ownCentre] = [await node.connect({ user: 'agent' }), await node.connect({ user: 'agent', database: coturnKeys.userDatabase }), await central.connect()]
    const said: string[] = []
    const obeyer = createObeyer({ userRedis, realm: REALM, openNodeKeys: holdNodeKeys(nodeRedis, configured), ownIps: [] })
    const logger = pino({ level: 'error' }, { write: line => { said.push(line) } })
    const { follow } = followDesired({ central: ownCentre, nodeRedis, node: NODE, obeyer, drainer: createDrainer({ userRedis, realm: REALM, now: Date.now }), kicker: { obey: () => {} }, logger, onApplied: () => {} })
    return { follow, said, get applied () { return [...obeyer.generationsApplied] } }
  }
  return {
    node,
    central,
    centre,
    operator,
    live,
    rotateMaster: async (from: string, to: string) => { await change(desired => addNodeKey({ id: NODE, desired, observed: null }, from, to, 60, newNonce)) },
    /** the overlap is over */
    dropOld: async () => { await change(({ rotation: _, ...desired }) => ({ ...desired, generations: desired.generations.slice(-1) })) },
    retireMaster: async (master: string) => { await change(desired => dropNodeKey({ id: NODE, desired, observed: null }, master)) },
    secrets: async () => {
      const users = await node.connect({ database: coturnKeys.userDatabase })
      return (await users.smembers(coturnKeys.secrets(REALM))).sort()
    }
  }
}
const both = [secret(old, 1), secret(next, 2)].sort()

t.test('an agent takes up the new key, keeps it, and lives on with the old one in its configuration', async t => {
  const { live, rotateMaster, dropOld, retireMaster, secrets, operator } = await startNode(t)
  const agent = await live(nodeKey(old))
  await agent.follow()
  t.same(await secrets(), [secret(old, 1)])
  await rotateMaster(old, next)
  await agent.follow()
  t.same(agent.applied, [1, 2])
  t.same(await secrets(), both)

  await dropOld()
  await retireMaster(old)
  const restarted = await live(nodeKey(old))
  await restarted.follow()
  t.same(restarted.applied, [2])
  t.same(await secrets(), [secret(next, 2)], 'though nobody sends it the key any more')
  t.notOk(JSON.stringify(await operator.hgetall('agent:node-keys')).includes(nodeKey(next)), 'it is not kept in clear')

  await rotateMaster(next, third)
  await restarted.follow()
  t.same(await secrets(), [secret(next, 2), secret(third, 3)].sort(), 'and the next rotation reaches it by that key')
  await dropOld()
  await retireMaster(next)
  await restarted.follow()
  t.same(Object.keys(await operator.hgetall('agent:node-keys')), [keyId(nodeKey(third))], 'a key that is needed no more is forgotten')
})

t.test('an agent given the new key in the middle of the overlap still makes the old secret', async t => {
  const { live, rotateMaster, secrets } = await startNode(t)
  await rotateMaster(old, next)
  const agent = await live(nodeKey(next))
  await agent.follow()
  t.same(agent.applied, [1, 2])
  t.same(await secrets(), both)
})

t.test('an agent that restarts while the centre is away has all its secrets', async t => {
  const { live, rotateMaster, secrets, central, operator } = await startNode(t)
  const agent = await live(nodeKey(old))
  await rotateMaster(old, next)
  await agent.follow()
  const restarted = await live(nodeKey(old))
  await central.stop()
  const users = coturnKeys.secrets(REALM)
  await operator.select(coturnKeys.userDatabase)
  await operator.del(users)
  await t.rejects(restarted.follow())
  t.same(restarted.applied, [1, 2])
  t.same(await secrets(), both)
})

t.test("a node's Redis that was emptied in the overlap is filled again", async t => {
  const { live, rotateMaster, dropOld, secrets, operator } = await startNode(t)
  const agent = await live(nodeKey(old))
  await rotateMaster(old, next)
  await agent.follow()
  await operator.flushall()
  const restarted = await live(nodeKey(old))
  await restarted.follow()
  t.same(await secrets(), both)
  await dropOld()
  await operator.flushall()
  await restarted.follow()
  t.same(await secrets(), [secret(next, 2)])
})

t.test('a running agent whose Redis was emptied after the retirement saves what it knows again', async t => {
  const { live, rotateMaster, dropOld, retireMaster, secrets, operator } = await startNode(t)
  const agent = await live(nodeKey(old))
  await rotateMaster(old, next)
  await agent.follow()
  await dropOld()
  await retireMaster(old)
  await operator.flushall()
  await agent.follow()
  const restarted = await live(nodeKey(old))
  await restarted.follow()
  t.same(await secrets(), [secret(next, 2)])
})

t.test('an agent that cannot have a key does what it can, says what to do, once, and takes it up when it can', async t => {
  const { live, rotateMaster, secrets, centre } = await startNode(t)
  const agent = await live(nodeKey(old))
  await agent.follow()
  const fine = await readDesired(centre, NODE)
  await rotateMaster(old, next)
  const rotating = await readDesired(centre, NODE)
  const damaged = { ...rotating, nodeKeys: rotating?.nodeKeys.map(entry => ({ ...entry, sealed: 'AAAA' })) }
  await centre.set('desired:eu-1', JSON.stringify(damaged))
  await agent.follow()
  await agent.follow()
  t.same(agent.applied, [1], 'it confirms only what coturn accepts')
  t.same(await secrets(), [secret(old, 1)])
  t.equal(agent.said.length, 1)
  t.match(JSON.parse(agent.said[0] ?? ''), { generations: [2], msg: /set SPILLWAY_NODE_KEY to the one PUT \/admin\/v1\/nodes\/eu-1 answers/ })
  for (const master of [old, next]) t.notOk(agent.said.join().includes(nodeKey(master)))

  await centre.set('desired:eu-1', JSON.stringify(rotating))
  await agent.follow()
  t.same(agent.applied, [1, 2])
  await centre.set('desired:eu-1', JSON.stringify(fine))
  await agent.follow()
  t.same(agent.applied, [1])
})

t.test('an agent with the key of another node confirms nothing', async t => {
  const { live, secrets } = await startNode(t)
  const agent = await live(deriveNodeKey(old, 'another'))
  await agent.follow()
  t.same(agent.applied, [])
  t.same(await secrets(), [])
  t.match(agent.said, [/SPILLWAY_NODE_KEY/])
})

t.test('a node whose Redis is away confirms nothing it could not save', async t => {
  const { live, rotateMaster, node } = await startNode(t)
  const agent = await live(nodeKey(old))
  await agent.follow()
  await rotateMaster(old, next)
  await node.stop()
  await t.rejects(agent.follow())
  t.same(agent.applied, [1])
  await node.start()
  await until('it obeys', async () => { await agent.follow().catch(() => {}); return agent.applied.length === 2 })
})
