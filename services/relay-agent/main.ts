import { readDesired, writeObserved } from '../store/nodes.ts'
import { announceDrained, readBoot, readSavedDesired, saveDesired } from '../store/agent-state.ts'
import { connectRedis, START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { coturnKeys } from '../store/keys.ts'
import { realmOf } from '../domain/node.ts'
import type { DesiredNode } from '../domain/node.ts'
import { loadConfig } from '../runtime/load-config.ts'
import { createLogger, logOutage } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { AgentConfig } from './config.ts'
import { createAgentMetrics } from './agent-metrics.ts'
import { readCoturnVersion } from './coturn-cli.ts'
import { endAllSessions } from './end-sessions.ts'
import { createObeyer } from './obey-desired.ts'
import { createRateMeter, readTransmittedBytes } from './observe-node.ts'
import { createShipper } from './ship-usage.ts'
import { UsageFollower } from './usage-follower.ts'

const SAVE_MS = 200
const SHIP_MS = 1_000
const OBEY_MS = 1_000
const HEARTBEAT_MS = 5_000
/** While coturn does not answer, so that its return is told at once. */
const HEARTBEAT_WITHOUT_COTURN_MS = 1_000
const SWEEP_MS = 5_000

const logger = createLogger('relay-agent', process.env.SPILLWAY_LOG_LEVEL ?? 'info')

await runProcess(logger, async () => {
  const config = loadConfig(AgentConfig, process.env)
  const now = Date.now
  const node = config.SPILLWAY_NODE_ID
  const realm = realmOf(node, config.SPILLWAY_DOMAIN)
  const ownIps = [config.SPILLWAY_NODE_RELAY_IP, ...config.SPILLWAY_NODE_EXTERNAL_IP ? [config.SPILLWAY_NODE_EXTERNAL_IP] : []]
  const publicIp = config.SPILLWAY_NODE_EXTERNAL_IP ?? config.SPILLWAY_NODE_RELAY_IP
  const urls = config.SPILLWAY_NODE_PUBLIC_URLS?.split(',').map(url => url.trim()) ??
    [`turn:${publicIp}:3478?transport=udp`, `turn:${publicIp}:3478?transport=tcp`]
  const cli = { host: config.SPILLWAY_COTURN_CLI_HOST, port: config.SPILLWAY_COTURN_CLI_PORT, password: config.SPILLWAY_COTURN_CLI_PASSWORD }

  const metrics = createMetrics('relay-agent', version)
  const agentMetrics = createAgentMetrics(metrics)
  const centralOutage = logOutage(logger, 'the central Redis')
  const nodeOutage = logOutage(logger, "the node's Redis")
  const central = connectRedis({ url: config.SPILLWAY_REDIS_URL, onError: centralOutage.failed })
  const onNode = (database: number) => connectRedis({ url: config.SPILLWAY_NODE_REDIS_URL, database, onError: nodeOutage.failed })
  const nodeRedis = onNode(0)
  const userRedis = onNode(coturnKeys.userDatabase)
  const statsRedis = onNode(coturnKeys.statsDatabase)
  await Promise.all([central, nodeRedis, userRedis, statsRedis].map(async redis => await untilReady(redis, START_PATIENCE_MS)))

  const obeyer = createObeyer({ userRedis, realm, nodeKey: config.SPILLWAY_NODE_KEY, ownIps })
  const follower = new UsageFollower({
    feedUrl: config.SPILLWAY_NODE_REDIS_URL,
    redis: nodeRedis,
    statsRedis,
    realm,
    region: config.SPILLWAY_NODE_REGION,
    metrics: agentMetrics,
    now,
    onError: nodeOutage.failed,
    onBoot: boot => {
      logger.info({ boot }, 'coturn was started')
      obeyer.reopen()
      obeying.now()
    },
    onStopping: boot => {
      if (ending === boot) return
      ending = boot
      stopping = stopRelay(boot)
    }
  })
  /** the boot whose sessions are being ended; launch repeats its wish until it is done */
  let ending: string | undefined
  let stopping: Promise<void> = Promise.resolve()
  async function stopRelay (boot: string): Promise<void> {
    // a wish of the past, heard in a replay, must not end the calls of the coturn that runs now
    const isStillRunning = async () => follower.boot === boot && await readBoot(nodeRedis) === boot
    try {
      if (!await isStillRunning()) return
      await obeyer.close()
      tellNow()
      const complete = await endAllSessions({ cli, isStillRunning, openSessions: () => follower.sessions, save: () => saving.flush(), now })
      if (complete) await announceDrained(nodeRedis, boot)
      logger.info({ boot, complete }, 'ended all sessions, for coturn is being stopped')
    } catch (error) {
      logger.warn({ boot, reason: (error as Error).message }, 'coturn stopped before its sessions could be ended')
    } finally {
      if (!await isStillRunning().catch(() => false)) obeyer.reopen()
    }
  }

  const shipper = createShipper({ nodeRedis, central, node, now })
  const shipping = repeat(SHIP_MS, async () => {
    if (follower.log === undefined) return
    follower.pending = await shipper.ship(follower.log, () => follower.sequence)
    agentMetrics.outbox.set(follower.pending)
    centralOutage.recovered()
  }, centralOutage.failed)

  const saveLoop = repeat(SAVE_MS, async () => {
    if (await follower.save()) shipping.now()
    if (follower.connected) nodeOutage.recovered()
  }, nodeOutage.failed)
  const saving = {
    stop: saveLoop.stop,
    flush: async () => {
      while (!follower.clean) {
        saveLoop.now()
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }

  let savedDesired = ''
  const obeying = repeat(OBEY_MS, async () => {
    const desired = await readDesired(central, node).catch(async error => {
      // without the centre the last wish stands: a coturn that restarts now needs its secrets all the same
      const last = await readSavedDesired(nodeRedis)
      if (last) await obey(last)
      throw error
    })
    if (!desired) throw new Error(`node ${node} is not registered: PUT /admin/v1/nodes/${node}`)
    await obey(desired)
    const json = JSON.stringify(desired)
    if (json !== savedDesired) await saveDesired(nodeRedis, desired)
    savedDesired = json
  }, centralOutage.failed)
  async function obey (desired: DesiredNode): Promise<void> {
    if (!await obeyer.obey(desired)) return
    logger.info({ generations: obeyer.generationsApplied }, 'secret generations applied')
    tellNow()
  }

  let beat = now()
  let nextBeatAtMs = 0
  const tellNow = () => {
    nextBeatAtMs = 0
    heartbeat.now()
  }
  const interfaceRate = createRateMeter()
  const heartbeat = repeat(HEARTBEAT_WITHOUT_COTURN_MS, async () => {
    if (now() < nextBeatAtMs) return
    nextBeatAtMs = now() + HEARTBEAT_MS
    const coturnVersion = await readCoturnVersion(cli)
    if (coturnVersion === null) nextBeatAtMs = 0
    agentMetrics.relayUp.set(coturnVersion === null ? 0 : 1)
    agentMetrics.feedUp.set(follower.connected ? 1 : 0)
    agentMetrics.sessions.set(follower.sessions)
    agentMetrics.load.set(follower.loadBitsPerSecond())
    agentMetrics.centralUp.set(0)
    if (!obeyer.settled) return
    beat += 1
    await writeObserved(central, node, {
      beat,
      clockMs: now(),
      region: config.SPILLWAY_NODE_REGION,
      relayIps: ownIps,
      urls,
      capacityBitsPerSecond: config.SPILLWAY_NODE_CAPACITY_MBPS * 1_000_000,
      maxAllocations: config.SPILLWAY_NODE_MAX_ALLOCATIONS,
      coturnVersion,
      boot: follower.boot,
      sessions: follower.sessions,
      loadBitsPerSecond: follower.loadBitsPerSecond(),
      interfaceBitsPerSecond: interfaceRate(readTransmittedBytes(config.SPILLWAY_NODE_RELAY_IP), now()),
      generationsApplied: [...obeyer.generationsApplied],
      outboxPending: follower.pending,
      gaps: follower.gaps
    })
    agentMetrics.centralUp.set(1)
  }, centralOutage.failed)
  const sweeping = repeat(SWEEP_MS, async () => { follower.sweep() }, nodeOutage.failed)

  let draining = false
  const ops = createOpsServer(logger, metrics, () => ({
    missing: {
      ...draining ? { process: 'is stopping' } : {},
      ...follower.connected ? {} : { feed: "the node's Redis is not followed" }
    },
    degraded: central.status === 'ready' ? {} : { redis: 'the central Redis is away; usage waits in the outbox' }
  }))
  await ops.listen({ host: config.SPILLWAY_RELAY_AGENT_HOST, port: config.SPILLWAY_RELAY_AGENT_OPS_PORT })
  follower.start()
  logger.info({ node, realm, region: config.SPILLWAY_NODE_REGION, ops: ops.server.address() }, 'relay-agent runs')

  return [
    ['readiness', () => { draining = true }],
    ['stopping coturn', () => stopping],
    ['loops', () => Promise.all([heartbeat.stop(), obeying.stop(), sweeping.stop(), saving.stop()])],
    ['feed', () => follower.stop()],
    ['shipping', () => shipping.stop()],
    ['ops server', () => ops.close()],
    ['redis', () => { for (const redis of [central, nodeRedis, userRedis, statsRedis]) redis.disconnect() }]
  ]
})
