import Fastify, { errorCodes } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Logger } from '../../runtime/logger.ts'
import { strictServer } from '../../runtime/ops-server.ts'
import type { ControlPlaneMetrics } from '../metrics.ts'
import { answerProblem, problems } from '../problems.ts'

/** Asked every few seconds by machines; a line for each would bury the rest. */
const PROBED = new Set(['/metrics', '/healthz', '/readyz'])

/** The public server. */
export function createHttpServer (logger: Logger) {
  return Fastify({ ...strictServer(logger), frameworkErrors: answerProblem }).withTypeProvider<TypeBoxTypeProvider>()
}
export type HttpServer = ReturnType<typeof createHttpServer>

/** What both the public and the ops server share: how errors look, what is logged and measured. */
export function useConventions (server: FastifyInstance, metrics: ControlPlaneMetrics): void {
  server.setErrorHandler(answerProblem)
  server.setNotFoundHandler(() => { throw problems.noRoute() })
  // a POST may say nothing at all: every field of every body is optional somewhere
  const parseJson = server.getDefaultJsonParser('error', 'error')
  server.removeContentTypeParser('application/json')
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined)
    return parseJson(request, body as string, (error, value) => { done(error && new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY(), value) })
  })
  server.addHook('preValidation', async request => {
    if (request.body === undefined && request.method === 'POST') request.body = {}
  })
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched'
    metrics.requests.inc({ route, method: request.method, status: reply.statusCode })
    request.log[PROBED.has(route) ? 'debug' : 'info']({ method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 100) / 100 }, 'request')
  })
}
