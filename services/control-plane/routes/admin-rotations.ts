import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { showDesired } from '../../domain/node.ts'
import { addGeneration } from '../../policy/rotate-generations.ts'
import { readDesired, writeDesired } from '../../store/nodes.ts'
import type { AdminContext } from '../admin-context.ts'
import { NodeParams } from '../admin-schemas.ts'
import { problems } from '../problems.ts'
import { DEFAULT_OVERLAP_SECONDS, Rotate, RotatingNode } from '../rotation-schemas.ts'

/** A new TURN secret for one node, while it serves. GET /nodes shows how far it is. */
export function addRotationRoutes (fastify: FastifyInstance, { redis, change }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.post('/nodes/:node/rotate-secret', { schema: { tags: ['nodes'], summary: 'Gives a node a new TURN secret; the old one is refused once the overlap is over', params: NodeParams, body: Rotate, response: { 202: RotatingNode } } }, async (request, reply) => {
    const { node } = request.params
    const { overlapSeconds = DEFAULT_OVERLAP_SECONDS } = request.body
    const desired = await change(request.actor, async () => {
      const before = await readDesired(redis, node)
      if (!before) throw problems.noNode(node)
      if (before.rotation) throw problems.rotationUnderWay(node)
      const after = addGeneration(before, overlapSeconds)
      return { action: 'node.rotate-secret', target: node, before: showDesired(before), after: showDesired(after), writes: [writeDesired(node, before, after)], result: after }
    })
    return await reply.code(202).send({ id: node, desired: showDesired(desired) })
  })
}
