import type { Joining } from '../join-node.ts'
import { JoinReply, JoinRequest } from '../join-schemas.ts'
import { bearerOf } from '../plugins/bearer.ts'
import type { HttpServer } from '../plugins/http.ts'
import { problems } from '../problems.ts'

/** On the public port, for that is what another machine reaches; the ops port stays private. */
export function addJoinRoute (server: HttpServer, joining: Joining): void {
  server.post('/v1/join', { schema: { tags: ['nodes'], security: [{ bearer: [] }], summary: 'Lets the holder of a join token into the fleet, once; answers what its relay-agent needs', body: JoinRequest, response: { 201: JoinReply } } }, async (request, reply) => {
    const token = bearerOf(request)
    if (token === undefined) throw problems.noJoinTokenSent()
    return await reply.code(201).send(await joining.join(token, request.ip, request.body.addresses))
  })
}
