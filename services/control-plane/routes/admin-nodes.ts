import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { realmOf } from '../../domain/node.ts'
import { deriveNodeKey } from '../../domain/turn-credential.ts'
import type { Redis } from '../../store/connect.ts'
import { readNodes, registerNode } from '../../store/nodes.ts'
import type { Snapshot } from '../../policy/next-snapshot.ts'
import { NodeParams } from '../schemas.ts'

export interface NodeRoutesOptions {
  redis: Redis
  masterKey: string
  domain: string
  snapshot: () => Snapshot | undefined
}

const RegisteredNode = Type.Object({
  id: Type.String(),
  realm: Type.String(),
  key: Type.String({ description: 'SPILLWAY_NODE_KEY of its agent; derived, so it is the same every time' })
})

/** Nodes: register one, see how they are. */
export function addNodeRoutes (fastify: FastifyInstance, { redis, masterKey, domain, snapshot }: NodeRoutesOptions): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.put('/nodes/:node', { schema: { params: NodeParams, response: { 200: RegisteredNode, 201: RegisteredNode } } }, async (request, reply) => {
    const { node } = request.params
    const created = await registerNode(redis, node, { generations: [1], fleetIps: [] })
    return await reply.code(created ? 201 : 200).send({ id: node, realm: realmOf(node, domain), key: deriveNodeKey(masterKey, node) })
  })

  server.get('/nodes', async () => {
    const views = new Map(snapshot()?.nodes.map(node => [node.id, node]))
    const nodes = await readNodes(redis)
    return {
      nodes: nodes.map(({ id, desired, observed }) => ({
        id,
        realm: realmOf(id, domain),
        state: views.get(id)?.state ?? 'unready',
        silentSeconds: Math.round((views.get(id)?.quietMs ?? 0) / 1000),
        desired,
        observed
      }))
    }
  })
}
