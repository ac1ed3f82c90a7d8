import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger } from 'fastify'
import type { Metrics } from './metrics.ts'
import type { Logger } from './logger.ts'

/** What readiness says: `degraded` still serves (200), `missing` does not (503). Keys name a dependency. */
export interface Readiness {
  missing: Record<string, string>
  degraded: Record<string, string>
}

/**
 * Metrics and health of one process, on a port of its own that stays private: GET /metrics (Prometheus text),
 * /healthz (the process lives), /readyz (it can do its work; if not, 503 and what is missing).
 */
export function createOpsServer (logger: Logger, metrics: Metrics, readiness: () => Readiness) {
  const server = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } }
  })
  server.get('/metrics', async (_request, reply) =>
    await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
  server.get('/healthz', () => ({ status: 'ok' }))
  server.get('/readyz', async (_request, reply) => {
    const { missing, degraded } = readiness()
    const status = Object.keys(missing).length > 0 ? 'not ready' : Object.keys(degraded).length > 0 ? 'degraded' : 'ready'
    return await reply.code(status === 'not ready' ? 503 : 200).send({ status, missing, degraded })
  })
  return server
}
