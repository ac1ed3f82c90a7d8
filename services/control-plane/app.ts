import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import type { Readiness } from '../runtime/ops-server.ts'
import type { AdminContext } from './admin-context.ts'
import type { Admission } from './admit-caller.ts'
import type { Issuing } from './issue-credentials.ts'
import type { Joining } from './join-node.ts'
import type { ControlPlaneMetrics } from './metrics.ts'
import { addRunbooks, describeAdmin, describePublic } from './openapi.ts'
import { useCors } from './plugins/cors.ts'
import { createHttpServer, problemAnswers, useConventions } from './plugins/http.ts'
import { requireAdmin } from './plugins/require-admin.ts'
import type { Circuits } from './providers/index.ts'
import { addAppRoutes } from './routes/admin-apps.ts'
import { addAuditRoutes } from './routes/admin-audit.ts'
import { addBudgetRoutes } from './routes/admin-budgets.ts'
import { addDecisionRoutes } from './routes/admin-decisions.ts'
import { addJoinTokenRoutes } from './routes/admin-join-tokens.ts'
import { addKeyRoutes } from './routes/admin-keys.ts'
import { addKickRoutes } from './routes/admin-kicks.ts'
import { addMasterKeyRoutes } from './routes/admin-master-key.ts'
import { addNodeRoutes } from './routes/admin-nodes.ts'
import { addPrometheusRoutes } from './routes/admin-prometheus.ts'
import { addProviderRoutes } from './routes/admin-providers.ts'
import { addRotationRoutes } from './routes/admin-rotations.ts'
import { addSessionRoutes } from './routes/admin-sessions.ts'
import { addTokenRoutes } from './routes/admin-tokens.ts'
import { addUsageRoutes } from './routes/admin-usage.ts'
import { addUserRoutes } from './routes/admin-users.ts'
import { addCredentialRoutes } from './routes/credentials.ts'
import { addJoinRoute } from './routes/join.ts'
import { addTurnRestRoutes } from './routes/turn-rest.ts'

export interface ServerOptions {
  logger: Logger
  metrics: Metrics
  ownMetrics: ControlPlaneMetrics
  admission: Admission
  issuing: Issuing
  circuits: Circuits
  admin: AdminContext
  joining: Joining
  adminToken: string
  trustedProxies: string[]
  readiness: () => Readiness
}

/** The two servers of the control plane: what the world sees, and what the operator sees. */
export async function createServers (options: ServerOptions) {
  const { logger, ownMetrics, admission, issuing, admin } = options

  const publicServer = createHttpServer(options.trustedProxies)
  useConventions(publicServer, ownMetrics, logger)
  await describePublic(publicServer)
  useCors(publicServer, admin.snapshot)
  addCredentialRoutes(publicServer, admission, issuing)
  addTurnRestRoutes(publicServer, admission, issuing)
  addJoinRoute(publicServer, options.joining)

  const opsServer = createOpsServer(logger, options.metrics, options.readiness, problemAnswers)
  useConventions(opsServer, ownMetrics, logger)
  await describeAdmin(opsServer, publicServer)
  addRunbooks(opsServer)
  opsServer.register(async scope => {
    scope.addHook('onRequest', requireAdmin(admin.redis, options.adminToken))
    addAppRoutes(scope, admin)
    addKeyRoutes(scope, admin)
    addNodeRoutes(scope, admin)
    addJoinTokenRoutes(scope, admin, options.joining)
    addProviderRoutes(scope, issuing, options.circuits)
    addPrometheusRoutes(scope, admin)
    addRotationRoutes(scope, admin)
    addMasterKeyRoutes(scope, admin)
    addUsageRoutes(scope, admin)
    addSessionRoutes(scope, admin)
    addKickRoutes(scope, admin)
    addBudgetRoutes(scope, admin)
    addDecisionRoutes(scope, admin)
    addAuditRoutes(scope, admin)
    addUserRoutes(scope, admin)
    addTokenRoutes(scope, admin)
  }, { prefix: '/admin/v1' })

  return { publicServer, opsServer }
}
