import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { newDesired, realmOf, showDesired } from '../../domain/node.ts'
import type { NodeFacts } from '../../domain/node.ts'
import { deriveNodeKey, keyId } from '../../domain/turn-credential.ts'
import { changeNode, showDrain } from '../../policy/drain-node.ts'
import { inheritKicks } from '../../policy/kicks.ts'
import { SILENT_AFTER_MS } from '../../policy/view-node.ts'
import { contentProbers, reasonToKeep } from '../../policy/remove-node.ts'
import { readHealth } from '../../store/health.ts'
import { dropNodeUser, readNodeUser, writeNodeUser } from '../../store/node-users.ts'
import { readDesired, readNode, readNodes, writeDesired, writeNewNode, writeNoNode } from '../../store/nodes.ts'
import { countOpenSessionsOf } from '../../store/session-steps.ts'
import { countUnapplied } from '../../store/usage-stream.ts'
import type { AdminContext } from '../admin-context.ts'
import { NodeParams } from '../admin-schemas.ts'
import { ChangeNode, NodeReply, NodesReply, RegisteredNode, RemoveNodeQuery } from '../node-schemas.ts'
import { problems } from '../problems.ts'
import { showNode } from '../show-fleet.ts'

/** What is under way is applied within a few hundredths of a second; more of it may come each second. */
const LOOKS = 5
const LOOK_MS = 100

/** Nodes: register one, see how they are, change what they shall be, take one out. */
export function addNodeRoutes (fastify: FastifyInstance, { redis, change, keyRing, domain, snapshot, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['nodes']
  const viewOf = (id: string) => snapshot()?.nodes.find(node => node.id === id)
  const isHeard = (id: string): boolean => (viewOf(id)?.quietMs ?? Infinity) <= SILENT_AFTER_MS

  const show = (node: NodeFacts) => ({
    id: node.id,
    realm: realmOf(node.id, domain),
    ...showNode(viewOf(node.id)),
    drain: showDrain(node, isHeard(node.id), now()),
    desired: showDesired(node.desired),
    observed: node.observed
  })
  async function find (id: string): Promise<NodeFacts> {
    const node = await readNode(redis, id)
    if (!node) throw problems.noNode(id)
    return node
  }

  /** Batches the ledger has not applied, what is just under way not counted. */
  async function countWaiting (id: string): Promise<number> {
    for (let look = 1; ; look++) {
      const waiting = await countUnapplied(redis, id)
      if (waiting === 0 || look === LOOKS) return waiting
      await delay(LOOK_MS)
    }
  }

  /** Why a node may not be taken out yet. */
  async function findReasonToKeep (node: NodeFacts): Promise<string | undefined> {
    const { id } = node
    const [health, sessions, batches] = await Promise.all([readHealth(redis, [id]), countOpenSessionsOf(redis, id), countWaiting(id)])
    const view = viewOf(id)
    return reasonToKeep(node, {
      agentSpeaks: view && isHeard(id),
      content: contentProbers(health.get(id) ?? new Map(), view?.probers ?? []),
      sessions,
      batches
    })
  }

  server.put('/nodes/:node', { config: { role: 'admin' }, schema: { tags, summary: 'Registers a node and answers the key of its agent', params: NodeParams, response: { 200: RegisteredNode, 201: RegisteredNode } } }, async (request, reply) => {
    const { node } = request.params
    const { created, key } = await change(request.actor, async () => {
      const key = deriveNodeKey(keyRing.ring.current.text, node)
      if (await readDesired(redis, node)) return { result: { created: false, key } }
      const desired = inheritKicks(newDesired(keyId(key)), await readNodes(redis))
      return { action: 'node.register', target: node, before: null, after: showDesired(desired), writes: [...writeNewNode(node, desired), writeNodeUser(node, null)], result: { created: true, key } }
    })
    return await reply.code(created ? 201 : 200).send({ id: node, realm: realmOf(node, domain), key })
  })

  server.patch('/nodes/:node', { schema: { tags, summary: 'Drains a node or lets it serve again, or changes its weight, capacity or addresses', params: NodeParams, body: ChangeNode, response: { 200: NodeReply } } }, async request => {
    const { node } = request.params
    const { draining, weight, addresses, capacityMbps } = request.body
    await change(request.actor, async () => {
      const { desired } = await find(node)
      const capacityBitsPerSecond = typeof capacityMbps === 'number' ? capacityMbps * 1e6 : capacityMbps
      const after = changeNode(desired, { draining, weight, addresses, capacityBitsPerSecond }, now())
      if (JSON.stringify(after) === JSON.stringify(changeNode(desired, {}, now()))) return { result: undefined }
      return { action: 'node.change', target: node, before: showDesired(desired), after: showDesired(after), writes: [writeDesired(node, desired, after)], result: undefined }
    })
    return show(await find(node))
  })

  server.delete('/nodes/:node', { config: { role: 'admin' }, schema: { tags, summary: 'Takes a node out of the fleet that is gone, or was drained and is empty; what it relayed stays in the ledger', params: NodeParams, querystring: RemoveNodeQuery, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { node } = request.params
    const hadJoined = await change(request.actor, async () => {
      const facts = await find(node)
      const user = await readNodeUser(redis, node)
      const forced = request.query.force === 'true'
      // one that was taken over may have made its keys unreadable: that must not keep it in
      const why = await findReasonToKeep(facts).catch((error: unknown) => {
        if (forced) return `unknown: ${(error as Error).message}`
        throw error
      })
      if (why !== undefined && !forced) throw problems.nodeInUse(why)
      return { action: 'node.remove', target: node, before: showDesired(facts.desired), after: forced ? { forced: why ?? 'nothing spoke against it' } : null, writes: [...writeNoNode(node, facts.desired), ...user ? [writeNodeUser(node, { goneAt: new Date(now()).toISOString(), revoked: forced })] : []], result: user !== null }
    })
    // whoever tends the fleet does it within a second otherwise
    if (hadJoined) await dropNodeUser(redis, node).catch(() => {})
    return await reply.code(204).send(null)
  })

  server.get('/nodes', { schema: { tags, summary: 'All nodes, what they shall be and what they are', response: { 200: NodesReply } } }, async () =>
    ({ nodes: (await readNodes(redis)).map(show) }))

  server.get('/nodes/:node', { schema: { tags, summary: 'One node', params: NodeParams, response: { 200: NodeReply } } }, async request =>
    show(await find(request.params.node)))
}
