import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import type { Readiness } from '../runtime/ops-server.ts'
import type { Redis } from '../store/connect.ts'
import type { Issuing } from './issue-credentials.ts'
import type { ControlPlaneMetrics } from './metrics.ts'
import { requireAdmin } from './plugins/authenticate.ts'
import { createHttpServer, useConventions } from './plugins/http.ts'
import { answerProblem } from './problems.ts'
import { addAppRoutes } from './routes/admin-apps.ts'
import { addNodeRoutes } from './routes/admin-nodes.ts'
import { addUsageRoutes } from './routes/admin-usage.ts'
import { addCredentialRoutes } from './routes/credentials.ts'
import { addTurnRestRoutes } from './routes/turn-rest.ts'

export interface ServerOptions {
  logger: Logger
  metrics: Metrics
  ownMetrics: ControlPlaneMetrics
  redis: Redis
  issuing: Issuing
  readiness: () => Readiness
  masterKey: string
  adminToken: string
  domain: string
}

/** The two servers of the control plane: what the world sees, and what the operator sees. */
export function createServers (options: ServerOptions) {
  const { logger, redis, issuing, ownMetrics } = options

  const publicServer = createHttpServer(logger)
  useConventions(publicServer, ownMetrics)
  addCredentialRoutes(publicServer, issuing, ownMetrics)
  addTurnRestRoutes(publicServer, issuing)

  const opsServer = createOpsServer(logger, options.metrics, options.readiness, { frameworkErrors: answerProblem })
  useConventions(opsServer, ownMetrics)
  opsServer.register(async admin => {
    admin.addHook('onRequest', requireAdmin(options.adminToken))
    addAppRoutes(admin, redis)
    addNodeRoutes(admin, { redis, masterKey: options.masterKey, domain: options.domain, snapshot: issuing.snapshot })
    addUsageRoutes(admin, redis, issuing.now)
  }, { prefix: '/admin/v1' })

  return { publicServer, opsServer }
}
