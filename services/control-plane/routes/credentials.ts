import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpServer } from '../plugins/http.ts'
import { authenticateApp } from '../plugins/authenticate.ts'
import { issueCredentials } from '../issue-credentials.ts'
import type { Issuing } from '../issue-credentials.ts'
import type { ControlPlaneMetrics } from '../metrics.ts'
import { CredentialsReply, CredentialsRequest, TurnCredentialsReply, TurnStatusReply } from '../schemas.ts'

/** The public API. */
export function addCredentialRoutes (server: HttpServer, issuing: Issuing, metrics: ControlPlaneMetrics): void {
  const onResponse = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (reply.statusCode < 400) metrics.duration.observe({ route: request.routeOptions.url ?? '' }, reply.elapsedTime / 1000)
  }

  server.post('/v1/credentials', { onResponse, schema: { body: CredentialsRequest, response: { 201: CredentialsReply } } }, async (request, reply) => {
    const app = authenticateApp(issuing.snapshot(), request)
    return await reply.code(201).send(await issueCredentials(issuing, app, request.body))
  })

  server.get('/turn/credentials', { onResponse, schema: { response: { 200: TurnCredentialsReply } } }, async request => {
    const app = authenticateApp(issuing.snapshot(), request)
    const { iceServers, expiresAt, provider } = await issueCredentials(issuing, app, {})
    return { iceServers, expiresAt: Date.parse(expiresAt), provider }
  })

  server.get('/turn/status', { schema: { response: { 200: TurnStatusReply } } }, () => {
    const configured = (name: 'coturn' | 'cloudflare' | 'twilio' | 'static') => issuing.available.includes(name)
    return {
      coturn: configured('coturn'),
      cloudflare: configured('cloudflare'),
      twilio: configured('twilio'),
      static: configured('static'),
      timestamp: issuing.now()
    }
  })
}
