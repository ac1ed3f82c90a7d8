import Fastify, { errorCodes, LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Logger } from '../../runtime/logger.ts'
import type { ControlPlaneMetrics } from '../metrics.ts'
import { answerProblem, problems } from '../problems.ts'

/** A request is an id, a room and a ttl; 16 KiB leave room for a user id of any sane length. */
const BODY_LIMIT_BYTES = 16 * 1024
/** A client that takes longer than this to send its request is cut off. */
const REQUEST_TIMEOUT_MS = 10_000

/** Asked every few seconds by machines; a line for each would bury the rest. */
const PROBED = new Set(['/metrics', '/healthz', '/readyz'])

/** The public server: strict validation, problem+json for everything, one log line a request with its route, never its URL. */
export function createHttpServer (logger: Logger) {
  return Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply)
  }).withTypeProvider<TypeBoxTypeProvider>()
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
