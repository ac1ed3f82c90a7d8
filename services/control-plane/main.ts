import { randomBytes } from 'node:crypto'
import { deriveKeys } from '../domain/turn-credential.ts'
import { logOutage } from '../runtime/logger.ts'
import type { Logger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import type { StopPhases } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { connectRedis, START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { allowFleetPeers } from './allow-fleet-peers.ts'
import { createServers } from './app.ts'
import { checkProviderSettings, ControlPlaneConfig, readProviderSettings } from './config.ts'
import { createControlPlaneMetrics } from './metrics.ts'
import { createProviders } from './providers/index.ts'
import { watchFleet } from './watch-fleet.ts'

const SNAPSHOT_MS = 1_000

async function start ({ config, logger }: { config: ControlPlaneConfig, logger: Logger }): Promise<StopPhases> {
  const keys = deriveKeys(config.SPILLWAY_MASTER_KEY)
  const { providers, available } = createProviders(readProviderSettings(config), config.SPILLWAY_MASTER_KEY, keys)
  const metrics = createMetrics('control-plane', version)
  const ownMetrics = createControlPlaneMetrics(metrics)
  const outage = logOutage(logger, 'the central Redis')
  const redis = connectRedis({ url: config.SPILLWAY_REDIS_URL, onError: outage.failed })

  await untilReady(redis, START_PATIENCE_MS)

  const invalid = new Set<string>()
  const fleet = watchFleet(redis, Date.now, node => {
    if (!invalid.has(node)) logger.error({ node }, 'the heartbeat of this node cannot be read, so it is not used: is its agent of another version?')
    invalid.add(node)
  })
  const watching = repeat(SNAPSHOT_MS, async () => {
    try {
      const nodes = await fleet.read()
      outage.recovered()
      await allowFleetPeers(redis, nodes).catch((error: Error) => { logger.error({ reason: error.message }, "the fleet's addresses could not be written") })
    } finally {
      if (fleet.snapshot) ownMetrics.showFleet(fleet.snapshot)
    }
  }, outage.failed)

  let stopping = false
  const { publicServer, opsServer } = createServers({
    logger,
    metrics,
    ownMetrics,
    redis,
    issuing: {
      snapshot: () => fleet.snapshot,
      providers,
      available,
      keys,
      record: ownMetrics.countIssued,
      onProviderFailed: (provider, error) => { logger.warn({ provider, reason: error.message }, 'a provider could not serve; trying the next') },
      random: () => randomBytes(16),
      now: Date.now
    },
    readiness: () => ({
      missing: {
        ...stopping ? { process: 'is stopping' } : {},
        ...fleet.snapshot ? {} : { redis: 'apps and nodes have not been read yet: the central Redis does not answer' }
      },
      degraded: fleet.snapshot?.outageSinceMs === undefined ? {} : { redis: 'the central Redis is away; credentials come from the last snapshot' }
    }),
    masterKey: config.SPILLWAY_MASTER_KEY,
    adminToken: config.SPILLWAY_ADMIN_TOKEN,
    domain: config.SPILLWAY_DOMAIN
  })
  await opsServer.listen({ host: config.SPILLWAY_CONTROL_PLANE_OPS_HOST, port: config.SPILLWAY_CONTROL_PLANE_OPS_PORT })
  await publicServer.listen({ host: config.SPILLWAY_CONTROL_PLANE_HOST, port: config.SPILLWAY_CONTROL_PLANE_PORT })
  logger.info({ api: publicServer.server.address(), ops: opsServer.server.address(), providers: available }, 'control-plane runs')

  return [
    ['readiness', () => { stopping = true }],
    ['public server', () => publicServer.close()],
    ['snapshot', () => watching.stop()],
    ['ops server', () => opsServer.close()],
    ['redis', () => { redis.disconnect() }]
  ]
}

await runProcess({ name: 'control-plane', schema: ControlPlaneConfig, alsoCheck: checkProviderSettings, start }, process.env)
