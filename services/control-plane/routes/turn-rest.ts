import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admission } from '../admit-caller.ts'
import { issueCredentials } from '../issue-credentials.ts'
import type { Issuing } from '../issue-credentials.ts'
import type { HttpServer } from '../plugins/http.ts'
import { problems } from '../problems.ts'
import { TurnRestReply, TurnRestRequest } from '../schemas.ts'
import type { TurnRestRequest as Asked } from '../schemas.ts'

/**
 * The interface of draft-uberti-behave-turn-rest-00, as Janus, mediasoup and others speak it: parameters in the query or
 * in a form, the secret key as `key`, `api` or `api_key`, and one relay in the reply. A parameter it does not know is
 * passed over, for clients send more than the draft names.
 */
export function addTurnRestRoutes (server: HttpServer, admission: Pick<Admission, 'admit'>, issuing: Issuing): void {
  const tags = ['turn-rest']
  const answer = async (request: FastifyRequest, reply: FastifyReply, asked: Asked) => {
    const user = asked.username || undefined
    const admitted = await admission.admit(request, reply, asked.key ?? asked.api ?? asked.api_key, user)
    const { username, password, ttl, uris } = await issueCredentials(issuing, admitted, user === undefined ? {} : { user })
    // this form has no place for a list without credentials, so STUN alone is no answer
    if (username === undefined || password === undefined) throw problems.noProvider()
    return { username, password, ttl, uris: uris.filter(uri => !uri.startsWith('stun:')) }
  }

  server.get('/turn', { schema: { tags, summary: 'draft-uberti-behave-turn-rest-00', querystring: TurnRestRequest, response: { 200: TurnRestReply } } },
    async (request, reply) => await answer(request, reply, request.query))

  server.register(async scope => {
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body as string)))
    })
    scope.post<{ Body: Asked, Querystring: Asked }>('/turn', { schema: { tags, summary: 'The same with a form', consumes: ['application/x-www-form-urlencoded'], querystring: TurnRestRequest, body: TurnRestRequest, response: { 200: TurnRestReply } } },
      async (request, reply) => await answer(request, reply, { ...request.query, ...request.body }))
  })
}
