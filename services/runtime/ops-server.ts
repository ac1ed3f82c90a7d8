import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyHttpOptions } from 'fastify'
import type { Server } from 'node:http'
import type { Metrics } from './metrics.ts'
import type { Logger } from './logger.ts'

/** What readiness says: `degraded` still serves (200), `missing` does not (503). Keys name a dependency. */
export interface Readiness {
  missing: Record<string, string>
  degraded: Record<string, string>
}

/** A client that takes longer than this to send its request is cut off. */
const REQUEST_TIMEOUT_MS = 10_000

/** How a process answers what never became a request; without any it is left to Fastify and Node. */
type OwnAnswers = Pick<FastifyHttpOptions<Server>, 'frameworkErrors' | 'clientErrorHandler' | 'http'>

/** What every server of ours holds to: strict validation, bounded bodies. */
export const strictServer = ({ http, ...answers }: OwnAnswers = {}) => ({
  ...answers,
  /** a request is an id, a room and a ttl; 16 KiB leave room for a user id of any sane length */
  bodyLimit: 16 * 1024,
  /** the longest is the id of a session: a node, a boot and an allocation, 116 characters at most */
  routerOptions: { maxParamLength: 120 },
  requestTimeout: REQUEST_TIMEOUT_MS,
  http: {
    // Node's own 60 s are longer than the timeout of a whole request, and Node then takes the one for the other
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    ...http
  },
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } }
}) as const

/**
 * Metrics and health of one process, on a port of its own that stays private: GET /metrics (Prometheus text),
 * /healthz (the process lives), /readyz (it can do its work; if not, 503 and what is missing).
 */
export function createOpsServer (logger: Logger, metrics: Metrics, readiness: () => Readiness, options: OwnAnswers = {}) {
  const server = Fastify({
    ...strictServer(options),
    loggerInstance: logger as FastifyBaseLogger,
    // which would say whole URLs
    logController: new LogController({ disableRequestLogging: true }),
    // no logger for each request: the few lines that tell of one name it themselves
    childLoggerFactory: (own: FastifyBaseLogger) => own
  })
  const schema = { hide: true }
  server.get('/metrics', { schema }, async (_request, reply) =>
    await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
  server.get('/healthz', { schema }, () => ({ status: 'ok' }))
  server.get('/readyz', { schema }, async (_request, reply) => {
    const { missing, degraded } = readiness()
    const status = Object.keys(missing).length > 0 ? 'not ready' : Object.keys(degraded).length > 0 ? 'degraded' : 'ready'
    return await reply.code(status === 'not ready' ? 503 : 200).send({ status, missing, degraded })
  })
  return server
}
