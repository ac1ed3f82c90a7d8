import { randomBytes } from 'node:crypto'
import { unsealSecret } from '../domain/key-ring.ts'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import { PromiseBook } from '../policy/keep-promises.ts'
import { logOutage } from '../runtime/logger.ts'
import type { Logger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import type { StopPhases } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { connectCentral, readCentralCa } from '../store/central-redis.ts'
import { START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { keepKeyRing } from '../store/key-ring.ts'
import { guardLayout } from '../store/layout.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import { createAdminContext } from './admin-context.ts'
import { createAdmission } from './admit-caller.ts'
import { createServers } from './app.ts'
import { checkSettings, ControlPlaneConfig, readProviderSettings, splitList } from './config.ts'
import { createControlPlaneMetrics } from './metrics.ts'
import { createRegionHint } from './hint-region.ts'
import { createJoining } from './join-node.ts'
import { createKeyedNames } from './keyed-names.ts'
import { openCircuits } from './judge-circuits.ts'
import { readPolicy } from './policy-settings.ts'
import { capSpend } from './judge-spend.ts'
import { createProviders } from './providers/index.ts'
import { createIssuedRecorder } from './record-issued.ts'
import { createRequestLimits } from './request-limits.ts'
import { createSpendGate } from './reserve-spend.ts'
import { createRevocations } from './revoke-credentials.ts'
import { sharePromises } from './share-promises.ts'
import { degradedFleet } from './show-fleet.ts'
import { tendFleet } from './tend-fleet.ts'
import { createUserJwtVerifier } from './verify-user-jwt.ts'
import { createBudgetWarnings } from './warn-budgets.ts'
import { watchFleet } from './watch-fleet.ts'
import { createUpstreamWatch } from './watch-upstream.ts'

const SNAPSHOT_MS = 1_000

async function start ({ config, logger, fail }: { config: ControlPlaneConfig, logger: Logger, fail: (error: Error) => void }): Promise<StopPhases> {
  const metrics = createMetrics('control-plane', version)
  const ownMetrics = createControlPlaneMetrics(metrics)
  const outage = logOutage(logger, 'the central Redis')
  const redis = connectCentral(config, { onError: outage.failed })
  const pinging = ownMetrics.watchRedis('central', redis)
  const keyRing = keepKeyRing(redis, config.SPILLWAY_MASTER_KEY, Date.now)
  const providerSettings = readProviderSettings(config)
  const { providers, available, circuits, revoke } = createProviders(providerSettings, keyRing, createUpstreamWatch(ownMetrics.providers, logger))
  ownMetrics.providers.showConfigured(available)

  const ready = await untilReady(redis, START_PATIENCE_MS)
  await guardLayout(redis, { owner: true, ready, fail })
  if (ready) await keyRing.begin()

  const told = new Set<string>()
  const tellOnce = (of: { node: string } | { prober: string }, what: string): void => {
    const name = JSON.stringify(of)
    if (!told.has(name)) logger.error(of, what)
    told.add(name)
  }
  const replica = randomBytes(4).toString('hex')
  const promises = new PromiseBook()
  const fleet = watchFleet({
    redis,
    replica,
    keyRing,
    policy: readPolicy(config),
    now: Date.now,
    onInvalidNode: node => { tellOnce({ node }, 'the heartbeat of this node cannot be read, so it is not used: is its agent of another version?') },
    onInvalidHealth: prober => { tellOnce({ prober }, 'what this prober says cannot be read, so it has no vote: is it of another version?') }
  })
  const watching = repeat(SNAPSHOT_MS, async () => {
    try {
      await fleet.read()
      outage.recovered()
    } finally {
      if (fleet.snapshot) promises.follow(fleet.snapshot, Date.now())
    }
  }, error => { (error instanceof OperatorMistake ? fail : outage.failed)(error) })
  metrics.onScrape(() => {
    ownMetrics.showFleet(fleet.snapshot, promises.promised, Date.now())
    ownMetrics.providers.showCircuits(circuits)
    ownMetrics.masterKeyRotating.set(keyRing.ring.keys.length > 1 ? 1 : 0)
  })
  const revocations = createRevocations({
    redis,
    // of a credential that users share no one of them can be shut out
    revoke: providerSettings.paidShareSeconds > 0 ? undefined : revoke,
    kicked: () => fleet.snapshot?.kicked?.keys() ?? [],
    now: Date.now,
    onError: outage.failed,
    onUnrevoked: error => { logger.error({ reason: error.message }, 'credentials of kicked users could not be revoked at Cloudflare') },
    onRevoked: () => { logger.info('a credential of a kicked user is revoked at Cloudflare') }
  })
  // in an outage there is nothing to tend
  const tending = tendFleet(redis, keyRing, fleet, revocations, logger, Date.now)

  const sharing = sharePromises(redis, replica, promises, Date.now, outage.failed)
  const recorder = createIssuedRecorder({
    redis,
    replica,
    now: Date.now,
    onDropped: count => { ownMetrics.decisionsDropped.inc(count) },
    onError: outage.failed
  })
  const limits = createRequestLimits(redis, Date.now, outage.failed)
  const spend = createSpendGate({
    redis,
    money: () => fleet.snapshot?.money,
    isOutage: () => fleet.snapshot?.outageSinceMs !== undefined,
    now: Date.now,
    onReserved: ownMetrics.providers.countReservation,
    onWarning: createBudgetWarnings(logger),
    onError: outage.failed
  })
  const trustedProxies = splitList(config.SPILLWAY_TRUSTED_PROXIES)
  const snapshot = () => fleet.snapshot

  const admin = createAdminContext({ redis, snapshot, keyRing, domain: config.SPILLWAY_DOMAIN, now: Date.now })

  let stopping = false
  const { publicServer, opsServer } = await createServers({
    logger,
    metrics,
    ownMetrics,
    admission: createAdmission({
      snapshot,
      verifyUserJwt: createUserJwtVerifier(sealed => unsealSecret(keyRing.ring, sealed), Date.now),
      limits,
      hintRegion: createRegionHint(config.SPILLWAY_REGION_HEADER, trustedProxies),
      names: createKeyedNames(() => keyRing.minting.derived, () => randomBytes(16)),
      recorder,
      now: Date.now
    }),
    issuing: {
      providers: capSpend(revocations.remember(providers), spend),
      available,
      promises,
      ownSpend: spend.ownSpend,
      openCircuits: () => openCircuits(circuits),
      record: (app, decision) => {
        ownMetrics.countIssued(app.id, decision.provider, decision.reason)
        ownMetrics.countDecision(decision)
        recorder.record(app, decision)
      },
      // each request to a paid provider has told of itself; many may have waited for it, and as many be turned away after it
      onProviderFailed: (provider, error) => { logger[error instanceof UpstreamError ? 'debug' : 'warn']({ provider, reason: error.message }, 'a provider could not serve; trying the next') }
    },
    circuits,
    admin,
    joining: createJoining(admin, { redisUrl: config.SPILLWAY_JOIN_REDIS_URL, redisCa: readCentralCa(config) }),
    adminToken: config.SPILLWAY_ADMIN_TOKEN,
    trustedProxies,
    readiness: () => ({
      missing: {
        ...stopping ? { process: 'is stopping' } : {},
        ...fleet.snapshot ? {} : { redis: 'apps and nodes have not been read yet: the central Redis does not answer' }
      },
      degraded: {
        ...keyRing.degraded,
        ...fleet.snapshot && degradedFleet(fleet.snapshot)
      }
    })
  })
  // who listens serves; without Redis it says what is missing
  if (ready && !fleet.snapshot) await watching.now()
  await opsServer.listen({ host: config.SPILLWAY_CONTROL_PLANE_OPS_HOST, port: config.SPILLWAY_CONTROL_PLANE_OPS_PORT })
  await publicServer.listen({ host: config.SPILLWAY_CONTROL_PLANE_HOST, port: config.SPILLWAY_CONTROL_PLANE_PORT })
  logger.info({ api: publicServer.server.address(), ops: opsServer.server.address(), providers: available }, 'control-plane runs')

  return [
    ['readiness', () => { stopping = true }],
    ['public server', () => publicServer.close()],
    ['records', () => Promise.all([recorder.stop(), limits.stop(), spend.stop(), revocations.stop()])],
    ['snapshot', () => Promise.all([watching.stop(), tending.stop(), sharing.stop(), pinging.stop()])],
    ['ops server', () => opsServer.close()],
    ['redis', () => { redis.disconnect() }]
  ]
}

await runProcess({ name: 'control-plane', schema: ControlPlaneConfig, alsoCheck: checkSettings, start }, process.env)
