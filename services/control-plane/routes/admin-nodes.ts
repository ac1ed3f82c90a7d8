import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { newDesired, ObservedNode, realmOf, showDesired, ShownDesired } from '../../domain/node.ts'
import { deriveNodeKey, keyId } from '../../domain/turn-credential.ts'
import { readDesired, readNodes, writeNewNode, writeNoNode } from '../../store/nodes.ts'
import { countUnapplied } from '../../store/usage-stream.ts'
import type { AdminContext } from '../admin-context.ts'
import { NodeParams } from '../admin-schemas.ts'
import { problems } from '../problems.ts'
import { ShownNode, showNode } from '../show-fleet.ts'

const RegisteredNode = Type.Object({
  id: Type.String(),
  realm: Type.String(),
  key: Type.String({ description: 'SPILLWAY_NODE_KEY of its agent; derived from the current master key, so it is the same until that is rotated' })
})

const NodesReply = Type.Object({
  nodes: Type.Array(Type.Object({
    id: Type.String(),
    realm: Type.String(),
    ...ShownNode.properties,
    desired: ShownDesired,
    observed: Type.Union([ObservedNode, Type.Null()])
  }))
})

/** Nodes: register one, see how they are. */
export function addNodeRoutes (fastify: FastifyInstance, { redis, change, keyRing, domain, snapshot }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['nodes']

  server.put('/nodes/:node', { config: { role: 'admin' }, schema: { tags, summary: 'Registers a node and answers the key of its agent', params: NodeParams, response: { 200: RegisteredNode, 201: RegisteredNode } } }, async (request, reply) => {
    const { node } = request.params
    const { created, key } = await change(request.actor, async () => {
      const key = deriveNodeKey(keyRing.ring.current.text, node)
      if (await readDesired(redis, node)) return { result: { created: false, key } }
      const desired = newDesired(keyId(key))
      return { action: 'node.register', target: node, before: null, after: desired, writes: writeNewNode(node, desired), result: { created: true, key } }
    })
    return await reply.code(created ? 201 : 200).send({ id: node, realm: realmOf(node, domain), key })
  })

  server.delete('/nodes/:node', { config: { role: 'admin' }, schema: { tags, summary: 'Takes a node that is gone out of the fleet; what it relayed stays in the ledger', params: NodeParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { node } = request.params
    await change(request.actor, async () => {
      const desired = await readDesired(redis, node)
      if (!desired) throw problems.noNode(node)
      if (snapshot()?.nodes.find(({ id }) => id === node)?.state === 'up') throw problems.nodeInUse(`node "${node}" is up: stop its coturn and its relay-agent first`)
      const waiting = await countUnapplied(redis, node)
      if (waiting > 0) throw problems.nodeInUse(`${waiting} batches of usage of node "${node}" are not booked yet: try again when the ledger has caught up`)
      return { action: 'node.remove', target: node, before: desired, after: null, writes: writeNoNode(node, desired), result: undefined }
    })
    return await reply.code(204).send(null)
  })

  server.get('/nodes', { schema: { tags, summary: 'All nodes, what they shall be and what they are', response: { 200: NodesReply } } }, async () => {
    const views = new Map(snapshot()?.nodes.map(node => [node.id, node]))
    const nodes = await readNodes(redis)
    return {
      nodes: nodes.map(({ id, desired, observed }) => ({
        id,
        realm: realmOf(id, domain),
        ...showNode(views.get(id)),
        desired: showDesired(desired),
        observed
      }))
    }
  })
}
