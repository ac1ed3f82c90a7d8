import type { IncomingMessage } from 'node:http'
import Fastify, { errorCodes } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Logger } from '../../runtime/logger.ts'
import { strictServer } from '../../runtime/ops-server.ts'
import type { ControlPlaneMetrics } from '../metrics.ts'
import { answerProblem, clientProblem, problems, toProblem } from '../problems.ts'

/** What goes well here goes well a thousand times a second: metrics and decisions tell of it, a line each would bury the rest. */
const QUIET = new Set(['/metrics', '/healthz', '/readyz', '/v1/credentials', '/turn/credentials', '/turn'])
/** Headers that are read once, and must not mean two things. */
const ONCE = new Set(['authorization', 'content-type', 'host', 'origin'])

/** How problems look, also those of requests that never became one. */
export const problemAnswers = {
  // a missing Host is answered by Node with an empty 400: it is looked for below, and said what is wrong
  http: { requireHostHeader: false },
  frameworkErrors: answerProblem,
  clientErrorHandler: (error: NodeJS.ErrnoException, socket: { writable: boolean, write: (text: string) => unknown, destroy: (error?: Error) => unknown }) => {
    if (error.code !== 'ECONNRESET' && socket.writable) socket.write(clientProblem(error.code))
    socket.destroy(error)
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** when its head had been read, in ms as performance.now() has it */
    beganMs: number
  }
}

/**
 * The public server. Fastify has no logger here, for which it would listen to each reply's end: what there is to say of a
 * request is said below. @param trustProxy addresses whose X-Forwarded-For is believed
 */
export function createHttpServer (trustProxy: string[]) {
  return Fastify({ ...strictServer(problemAnswers), trustProxy: trustProxy.length > 0 ? trustProxy : false }).withTypeProvider<TypeBoxTypeProvider>()
}
export type HttpServer = ReturnType<typeof createHttpServer>

/** What both the public and the ops server share: how errors look, what is logged and measured. */
export function useConventions (server: FastifyInstance, metrics: ControlPlaneMetrics, logger: Logger): void {
  server.setErrorHandler((error: Error, request, reply) => {
    const { code, status } = toProblem(error)
    metrics.countProblem(request.routeOptions.url, code)
    if (status >= 500) logger.error({ reqId: request.id, err: { message: error.message, stack: error.stack }, code }, 'request failed')
    return answerProblem(error, request, reply)
  })
  server.setNotFoundHandler(() => { throw problems.noRoute() })
  const parseJson = server.getDefaultJsonParser('error', 'error')
  // text is no body of any call: 415, not 400
  server.removeContentTypeParser(['application/json', 'text/plain'])
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, request.method === 'POST' ? {} : undefined)
    return parseJson(request, body as string, (error, value) => { done(error && new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY(), value) })
  })
  server.decorateRequest('beganMs', 0)
  server.addHook('onRequest', (request, reply, done) => {
    request.beganMs = performance.now()
    // a POST may say nothing at all: every field of every body is optional somewhere
    if (request.method === 'POST') request.body = {}
    reply.header('cache-control', 'no-store')
    if (hasRepeated(request.raw)) done(problems.repeatedHeader())
    else done(request.headers.host === undefined && request.raw.httpVersion === '1.1' ? problems.noHost() : undefined)
  })
  // two requests Node would answer by itself, one with an empty 417 and one not at all
  server.server.on('checkExpectation', (request, response) => { server.server.emit('request', request, response) })
  server.server.on('connect', (_request, socket) => {
    // Node has let go of this socket: what it says from now on is nobody else's to hear
    socket.on('error', () => {})
    socket.end(clientProblem(undefined), () => { socket.destroy() })
  })
  let closing = false
  server.addHook('preClose', done => {
    closing = true
    done()
  })
  const tellsAll = logger.level === 'debug' || logger.level === 'trace'
  server.addHook('onSend', (request, reply, _payload, done) => {
    // Node closes what is idle when it begins to close; a request that still waited for a provider keeps its line after that
    if (closing) reply.raw.once('close', () => { setImmediate(() => { server.server.closeIdleConnections() }) })
    const route = request.routeOptions.url ?? 'unmatched'
    const ms = performance.now() - request.beganMs
    metrics.countReply(route, request.method, reply.statusCode, ms)
    const level = QUIET.has(route) && reply.statusCode < 400 ? 'debug' : 'info'
    if (level === 'info' || tellsAll) logger[level]({ reqId: request.id, method: request.method, route, status: reply.statusCode, ms: Math.round(ms * 100) / 100 }, 'request')
    done()
  })
}

/** Node keeps the first of two headers of these names, or the last, and drops the other without a word. */
function hasRepeated ({ rawHeaders, headers }: IncomingMessage): boolean {
  // names and values take turns; most requests repeat nothing at all
  if (rawHeaders.length / 2 === Object.keys(headers).length) return false
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase()).filter(name => ONCE.has(name))
  return new Set(names).size < names.length
}
