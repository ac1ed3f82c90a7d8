import { readFileSync } from 'node:fs'
import type { UrlHealth } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import { logOutage } from '../runtime/logger.ts'
import type { Logger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import type { StopPhases } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { connectCentral } from '../store/central-redis.ts'
import { START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { readOwnHealth, removeHealth, writeHealth } from '../store/health.ts'
import { guardLayout } from '../store/layout.ts'
import { readNodes } from '../store/nodes.ts'
import { readProbeCredentials } from '../store/probe-credentials.ts'
import type { ProbeCredential } from '../store/probe-credentials.ts'
import { checkReferenceUrls, ProberConfig, referenceUrlsOf } from './config.ts'
import { createFleetProber, PROBE_INTERVAL_MS } from './probe-fleet.ts'
import { probeUrl } from './probe-url.ts'
import { createProberMetrics } from './prober-metrics.ts'

/** How often it is looked which nodes are due, and whether the fleet has changed. */
const LOOK_MS = 1_000
/** Twice in the time between two probes of a node, so that one lies there for certain. */
const COMPARE_MS = PROBE_INTERVAL_MS / 2
const PROBE_DEADLINE_MS = 2_000
/** Control planes look each second for nodes that need a credential for probes: one that has none after this gets none. */
const BLIND_AFTER_MS = 10_000

async function start ({ config, logger, fail }: { config: ProberConfig, logger: Logger, fail: (error: Error) => void }): Promise<StopPhases> {
  const name = config.SPILLWAY_PROBER_NAME
  const ca = readCa(config.SPILLWAY_PROBER_TLS_CA)
  const metrics = createMetrics('prober', version)
  const proberMetrics = createProberMetrics(metrics)
  const outage = logOutage(logger, 'the central Redis')
  const redis = connectCentral(config, { onError: outage.failed })
  const pinging = proberMetrics.watchRedis('central', redis)
  await guardLayout(redis, { ready: await untilReady(redis, START_PATIENCE_MS), fail })

  const probe = async (url: string, credential?: ProbeCredential) => await probeUrl({ url, credential, deadlineMs: PROBE_DEADLINE_MS, ca, now: performance.now.bind(performance) })
  const prober = createFleetProber({
    probe,
    recall: async node => await readOwnHealth(redis, node, name),
    retract: async node => await removeHealth(redis, node, name),
    publish: async (node, health) => await writeHealth(redis, node, name, health),
    onJudged: (node, before, after) => {
      proberMetrics.countProbe(node, after)
      logChange(logger, node, before, after)
    },
    onError: outage.failed,
    now: Date.now
  })

  /** as last read: in an outage the fleet is probed on, and told of when the centre is back */
  let nodes: readonly NodeFacts[] | undefined
  let credentials: ReadonlyMap<string, ProbeCredential> = new Map()
  /** when it was first seen of a node that has spoken that there is no credential to probe it with; and those that have been so for long */
  let blindSince = new Map<string, number>()
  let blind: string[] = []
  const looking = repeat(LOOK_MS, async () => {
    try {
      const found = await readNodes(redis)
      credentials = await readProbeCredentials(redis, found.map(({ id }) => id))
      nodes = found
      const nowMs = Date.now()
      blindSince = new Map(found.filter(({ id, observed, desired }) => observed && !desired.draining && !credentials.has(id)).map(({ id }) => [id, blindSince.get(id) ?? nowMs]))
      blind = [...blindSince].filter(([, sinceMs]) => nowMs - sinceMs > BLIND_AFTER_MS).map(([id]) => id)
      proberMetrics.hear(found, nowMs)
      outage.recovered()
    } finally {
      prober.begin(nodes ?? [], credentials)
    }
  }, outage.failed)
  metrics.onScrape(() => {
    proberMetrics.reaches.set(prober.reaches ? 1 : 0)
    proberMetrics.showFleet(nodes ?? [], prober.healthOf, Date.now())
  })
  const references = referenceUrlsOf(config)
  const comparing = repeat(COMPARE_MS, async () => { await prober.compare(references.map(async url => await probe(url))) }, outage.failed)

  let stopping = false
  const ops = createOpsServer(logger, metrics, () => ({
    missing: {
      ...stopping ? { process: 'is stopping' } : {},
      ...nodes ? {} : { redis: 'the fleet has not been read yet: the central Redis does not answer' }
    },
    degraded: {
      ...outage.away ? { redis: 'the central Redis is away; probes go on, what they find is told when it is back' } : {},
      ...nodes?.length && !prober.reaches ? { network: 'nothing answers: this vantage point has no vote until something does' } : {},
      ...blind.length > 0 ? { credentials: `no credential to probe ${blind.join(', ')} with: does a control plane run?` } : {}
    }
  }))
  await ops.listen({ host: config.SPILLWAY_PROBER_HOST, port: config.SPILLWAY_PROBER_OPS_PORT })
  logger.info({ name, ops: ops.server.address() }, 'prober runs')

  return [
    ['readiness', () => { stopping = true }],
    ['probes', async () => {
      await Promise.all([looking.stop(), comparing.stop(), pinging.stop()])
      await prober.idle()
    }],
    ['ops server', () => ops.close()],
    ['redis', () => { redis.disconnect() }]
  ]
}

/** @throws OperatorMistake where the file cannot be read */
function readCa (file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorMistake(`SPILLWAY_PROBER_TLS_CA names a file that cannot be read: ${(error as Error).message}`)
  }
}

/** One line where what is held of a URL has changed, not one a probe. */
function logChange (logger: Logger, { id }: NodeFacts, before: UrlHealth | undefined, { url, state, failure }: UrlHealth): void {
  if (state === before?.state) return
  if (state === 'bad') logger.warn({ node: id, url, ...failure }, 'a relay URL is bad')
  else if (state === 'good') logger.info({ node: id, url }, before === undefined ? 'a relay URL is good' : 'a relay URL is good again')
}

await runProcess({ name: 'prober', schema: ProberConfig, alsoCheck: checkReferenceUrls, start }, process.env)
