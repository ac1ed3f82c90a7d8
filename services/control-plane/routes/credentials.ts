import { explain } from '../../policy/explain.ts'
import { whenKnown } from '../admit-caller.ts'
import type { Admission } from '../admit-caller.ts'
import { issueCredentials, routeRequest, ttlOf } from '../issue-credentials.ts'
import type { Issuing } from '../issue-credentials.ts'
import { bearerOf } from '../plugins/bearer.ts'
import type { HttpServer } from '../plugins/http.ts'
import { problems } from '../problems.ts'
import { CredentialsReply, CredentialsRequest, ExplainReply, TurnCredentialsReply, TurnStatusReply } from '../schemas.ts'

/** The public API. */
export function addCredentialRoutes (server: HttpServer, admission: Admission, issuing: Issuing): void {
  const tags = ['credentials']
  const security = [{ bearer: [] }]

  server.post('/v1/credentials', { serializerCompiler: () => JSON.stringify, schema: { tags, security, summary: 'ICE servers for one client', body: CredentialsRequest, response: { 201: CredentialsReply } } }, (request, reply) => {
    reply.code(201)
    // nothing is awaited that is known at once, not even the socket: `await reply.send()` would
    return whenKnown(admission.admit(request, reply, bearerOf(request), request.body.user), admitted => issueCredentials(issuing, admitted, request.body))
  })

  server.post('/v1/credentials/explain', { schema: { tags, security, summary: 'What POST /v1/credentials would answer and why; issues nothing', body: CredentialsRequest, response: { 200: ExplainReply } } }, async (request, reply) => {
    const caller = await admission.authenticate(request, reply, bearerOf(request), request.body.user)
    const { app, kind, snapshot } = caller
    if (kind !== 'secret') throw problems.secretKeyNeeded()
    return {
      app: app.id,
      ttl: ttlOf(app, request.body),
      ...explain(routeRequest(caller, request.body, issuing), snapshot, issuing.available, issuing.promises.promised),
      relayCap: admission.findCapReached(caller)?.detail ?? null
    }
  })

  server.get('/turn/credentials', { schema: { tags, security, summary: 'The short form, with all defaults', response: { 200: TurnCredentialsReply } } }, async (request, reply) => {
    const admitted = await admission.admit(request, reply, bearerOf(request), undefined)
    const { iceServers, expiresAt, provider } = await issueCredentials(issuing, admitted, {})
    return { iceServers, expiresAt: Date.parse(expiresAt), provider }
  })

  server.get('/turn/status', { schema: { tags, summary: 'Which providers are configured', response: { 200: TurnStatusReply } } }, () => {
    const configured = (name: 'coturn' | 'cloudflare' | 'twilio' | 'static') => issuing.available.includes(name)
    return {
      coturn: configured('coturn'),
      cloudflare: configured('cloudflare'),
      twilio: configured('twilio'),
      static: configured('static'),
      timestamp: Date.now()
    }
  })
}
