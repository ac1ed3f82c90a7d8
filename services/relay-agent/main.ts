import { realmOf } from '../domain/node.ts'
import { logOutage } from '../runtime/logger.ts'
import type { Logger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import type { StopPhases } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { connectCentral } from '../store/central-redis.ts'
import { connectRedis, START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { readBoot } from '../store/agent-state.ts'
import { coturnKeys } from '../store/keys.ts'
import { guardLayout } from '../store/layout.ts'
import { writeObserved } from '../store/nodes.ts'
import { createAgentMetrics } from './agent-metrics.ts'
import { AgentConfig, checkUrls, relayIpsOf, urlsOf } from './config.ts'
import { createDrainer } from './drain-relay.ts'
import { followDesired } from './follow-desired.ts'
import { holdNodeKeys } from './hold-node-keys.ts'
import { createKicker } from './kick-sessions.ts'
import { createObeyer } from './obey-desired.ts'
import { countSessions, createRateMeter, readTransmittedBytes } from './observe-node.ts'
import { createShipper } from './ship-usage.ts'
import type { Outbox } from './ship-usage.ts'
import { createRelayStopper } from './stop-relay.ts'
import { UsageFollower } from './usage-follower.ts'
import { createCoturnWatch } from './watch-coturn.ts'

/** What a busy second says of one session becomes one row; a crash loses nothing, it only reads that second again. */
const SAVE_MS = 1_000
const SHIP_MS = 1_000
const OBEY_MS = 1_000
/** A user that is kicked has a new session for no longer than this. */
const KICK_MS = 500
const HEARTBEAT_MS = 5_000
/** While coturn does not answer, so that its return is told at once. */
const HEARTBEAT_WITHOUT_COTURN_MS = 1_000
const SWEEP_MS = 5_000

async function start ({ config, logger, fail }: { config: AgentConfig, logger: Logger, fail: (error: Error) => void }): Promise<StopPhases> {
  const now = Date.now
  const node = config.SPILLWAY_NODE_ID
  const realm = realmOf(node, config.SPILLWAY_DOMAIN)
  const region = config.SPILLWAY_NODE_REGION
  const relayIps = relayIpsOf(config)
  const urls = urlsOf(config)
  const cli = { host: config.SPILLWAY_COTURN_CLI_HOST, port: config.SPILLWAY_COTURN_CLI_PORT, password: config.SPILLWAY_COTURN_CLI_PASSWORD }

  const metrics = createMetrics('relay-agent', version)
  const agentMetrics = createAgentMetrics(metrics)
  const centralOutage = logOutage(logger, 'the central Redis')
  const nodeOutage = logOutage(logger, "the node's Redis")
  const central = connectCentral(config, { onError: centralOutage.failed })
  const onNode = (database: number) => connectRedis({ url: config.SPILLWAY_NODE_REDIS_URL, database, onError: nodeOutage.failed })
  const nodeRedis = onNode(0)
  const userRedis = onNode(coturnKeys.userDatabase)
  const statsRedis = onNode(coturnKeys.statsDatabase)
  const pinging = [agentMetrics.watchRedis('central', central), agentMetrics.watchRedis('node', nodeRedis)]
  const [ready] = await Promise.all([central, nodeRedis, userRedis, statsRedis].map(async redis => await untilReady(redis, START_PATIENCE_MS)))
  await guardLayout(central, { ready: ready === true, fail })

  // --- feed -> fold -> ship
  let outbox: Outbox | undefined
  const follower = new UsageFollower({
    feedUrl: config.SPILLWAY_NODE_REDIS_URL,
    redis: nodeRedis,
    statsRedis,
    realm,
    region,
    metrics: agentMetrics,
    outboxPending: () => outbox?.pending ?? 0,
    now,
    onError: nodeOutage.failed,
    onBoot: boot => {
      logger.info({ boot }, 'coturn was started')
      obeyer.reopen()
      obeying.soon()
    },
    onStopping: boot => { stopper.stop(boot) }
  })
  const shipper = createShipper({ nodeRedis, central, node, now })
  const shipping = repeat(SHIP_MS, async () => {
    if (follower.log === undefined) return
    try {
      await shipper.ship(follower.log)
      centralOutage.recovered()
    } finally {
      outbox = await shipper.waiting(follower.sequence)
      agentMetrics.outbox.set(outbox.pending)
    }
  }, centralOutage.failed)
  const saving = repeat(SAVE_MS, async () => {
    if (await follower.save()) shipping.soon()
    if (follower.connected) nodeOutage.recovered()
  }, nodeOutage.failed)
  const sweeping = repeat(SWEEP_MS, async () => { follower.sweep() }, nodeOutage.failed)

  // --- obey
  const obeyer = createObeyer({ userRedis, realm, openNodeKeys: holdNodeKeys(nodeRedis, config.SPILLWAY_NODE_KEY), ownIps: relayIps })
  const drainer = createDrainer({ userRedis, realm, now })
  const kicker = createKicker({ cli, boot: () => follower.boot, live: () => follower.open.all, readBoot: async () => await readBoot(nodeRedis), logger, metrics: agentMetrics, now })
  const wish = followDesired({ central, nodeRedis, node, obeyer, drainer, kicker, logger, onApplied: () => { tellNow() } })
  const obeying = repeat(OBEY_MS, wish.follow, centralOutage.failed)
  const kickOutage = logOutage(logger, 'what kicks need, coturn or its Redis,')
  const kicking = repeat(KICK_MS, async () => {
    await kicker.kick()
    kickOutage.recovered()
  }, kickOutage.failed)
  const stopper = createRelayStopper({
    cli,
    nodeRedis,
    obeyer,
    logger,
    runningBoot: () => follower.boot,
    openSessions: () => follower.open.all.size,
    save: async () => {
      await saving.now()
      return follower.clean
    },
    onClosed: () => { tellNow() },
    now
  })

  // --- observe
  let beat = now()
  let nextBeatAtMs = 0
  const tellNow = () => {
    nextBeatAtMs = 0
    heartbeat.soon()
  }
  const interfaceRate = createRateMeter()
  const askCoturn = createCoturnWatch({ cli, logger, metrics: agentMetrics })
  const heartbeat = repeat(HEARTBEAT_WITHOUT_COTURN_MS, async () => {
    if (now() < nextBeatAtMs) return
    nextBeatAtMs = now() + HEARTBEAT_MS
    const { version: coturnVersion, gone: coturnGone, missed } = await askCoturn()
    if (missed) nextBeatAtMs = 0
    const sessions = countSessions(follower.open.all.values())
    agentMetrics.feedUp.set(follower.connected ? 1 : 0)
    agentMetrics.sessions.set(sessions)
    agentMetrics.admitting.set(drainer.admitting ? 1 : 0)
    agentMetrics.load.set(follower.open.loadBitsPerSecond())
    agentMetrics.centralUp.set(centralOutage.away ? 0 : 1)
    if (!obeyer.settled) return
    beat += 1
    await writeObserved(central, node, {
      beat,
      clockMs: now(),
      region,
      relayIps,
      urls,
      ...config.SPILLWAY_RELAY_AGENT_ADVERTISED_OPS === undefined ? {} : { opsAddress: config.SPILLWAY_RELAY_AGENT_ADVERTISED_OPS },
      capacityBitsPerSecond: wish.capacityBitsPerSecond ?? config.SPILLWAY_NODE_CAPACITY_MBPS * 1_000_000,
      maxAllocations: config.SPILLWAY_NODE_MAX_ALLOCATIONS,
      coturnVersion,
      coturnGone,
      boot: follower.boot,
      sessions,
      admitting: drainer.admitting,
      loadBitsPerSecond: follower.open.loadBitsPerSecond(),
      interfaceBitsPerSecond: interfaceRate(readTransmittedBytes(config.SPILLWAY_NODE_RELAY_IP), now()),
      ...follower.open.lookAtAllocations(),
      generationsApplied: [...obeyer.generationsApplied],
      // what is folded and not saved is a batch to be: with no sessions and none of these, all is booked
      outboxPending: (outbox?.pending ?? 0) + (follower.clean ? 0 : 1),
      gaps: follower.gaps
    })
  }, centralOutage.failed)

  metrics.onScrape(() => { agentMetrics.showOutboxAge(outbox, now()) })

  let stopping = false
  const ops = createOpsServer(logger, metrics, () => ({
    missing: {
      ...stopping ? { process: 'is stopping' } : {},
      ...follower.connected ? {} : { feed: "the node's Redis is not followed" },
      ...wish.registered ? {} : { registration: `node ${node} is not registered` }
    },
    degraded: centralOutage.away ? { redis: 'the central Redis is away; usage waits in the outbox' } : {}
  }))
  await ops.listen({ host: config.SPILLWAY_RELAY_AGENT_HOST, port: config.SPILLWAY_RELAY_AGENT_OPS_PORT })
  follower.start()
  logger.info({ node, realm, region, ops: ops.server.address() }, 'relay-agent runs')

  return [
    ['readiness', () => { stopping = true }],
    ['stopping coturn', () => stopper.idle()],
    ['loops', () => Promise.all([heartbeat.stop(), obeying.stop(), kicking.stop(), sweeping.stop(), saving.stop(), ...pinging.map(async loop => { await loop.stop() })])],
    ['feed', () => follower.stop()],
    ['shipping', () => shipping.stop()],
    ['ops server', () => ops.close()],
    ['redis', () => { for (const redis of [central, nodeRedis, userRedis, statsRedis]) redis.disconnect() }]
  ]
}

await runProcess({ name: 'relay-agent', schema: AgentConfig, alsoCheck: checkUrls, start }, process.env)
