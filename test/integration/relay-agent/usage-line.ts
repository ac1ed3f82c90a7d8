import { once } from 'node:events'
import { pino } from 'pino'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { realmOf } from '../../../services/domain/node.ts'
import type { SessionState, Traffic } from '../../../services/domain/session.ts'
import { noTraffic } from '../../../services/domain/session.ts'
import { mintCredential, mintUserId, userTag } from '../../../services/domain/turn-credential.ts'
import { applyNextUsage } from '../../../services/ledger/apply-usage.ts'
import { loadRateCard } from '../../../services/ledger/load-rate-card.ts'
import { createPriceList } from '../../../services/ledger/price-list.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createAgentMetrics } from '../../../services/relay-agent/agent-metrics.ts'
import { createShipper } from '../../../services/relay-agent/ship-usage.ts'
import { UsageFollower } from '../../../services/relay-agent/usage-follower.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import type { Redis } from '../../../services/store/connect.ts'
import { connectRedis, untilReady } from '../../../services/store/connect.ts'
import { keepKeyRing } from '../../../services/store/key-ring.ts'
import { coturnKeys } from '../../../services/store/keys.ts'
import { countUnapplied } from '../../../services/store/usage-stream.ts'
import { findSample } from '../../helpers/samples.ts'
import { registerNode } from '../../helpers/central-state.ts'
import { coturnAllocation } from '../../helpers/coturn-events.ts'
import type { Counters } from '../../helpers/coturn-events.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { TEN_O_CLOCK, allocationOf, listAll, readLedger, sumOf } from '../../helpers/usage-rows.ts'

export const NODE = 'eu-1'
const REALM = realmOf(NODE, 'turn.example.org')
/** Beyond the numbers any test gives its own allocations. */
const FIRST_MARKER = 900_000

/** One life of the agent, and the handles on it. */
export interface Life {
  follower: UsageFollower
  /** its connection to the node's Redis */
  redis: Redis
  errors: Error[]
  /** the boots it was told of, in their order */
  boots: string[]
  followed: () => Promise<void>
  /** how many events it has folded, whatever they meant */
  heard: () => Promise<number>
  gapsSeen: () => number
  untilCentreAnswers: () => Promise<void>
  /** connected again, and following */
  untilNodeAnswers: () => Promise<void>
  ship: () => Promise<void>
  /** pretends that so many batches wait to be applied, until the next shipment knows better */
  crowd: (pending: number) => void
  /** save, ship, apply: one round of the three loops */
  pump: () => Promise<void>
  /** Dies as by SIGKILL: nothing more is saved, and what is on the wire may or may not arrive. */
  crash: () => Promise<void>
  stop: () => Promise<void>
}

/** One allocation as coturn holds it, and what the ledger must say of it in the end. */
export interface Call {
  boot: string
  allocation: string
  heard: Traffic
  state: SessionState
  begin: () => Promise<void>
  refresh: () => Promise<void>
  relay: (bytesIn: number, bytesOut: number) => Promise<void>
  end: (bytesIn?: number, bytesOut?: number) => Promise<void>
  delete: () => Promise<void>
}

/** The whole way of a byte: a node's Redis where coturn speaks, an agent that may die, a centre, a ledger. */
export async function startUsageLine (t: Test, { nodeLines = [] }: { nodeLines?: readonly string[] } = {}) {
  const node = await startRedisServer(t, { variant: 'node', lines: nodeLines })
  const central = await startRedisServer(t, { variant: 'central' })
  let operator: Redis
  let stats: Redis
  async function connectNode () {
    operator = await node.connect()
    stats = await node.connect({ database: coturnKeys.statsDatabase })
  }
  await connectNode()
  const centre = await central.connect()
  const waiting = await central.connect()
  const register = async () => { await registerNode(centre, NODE) }
  await register()

  const clock = { ms: TEN_O_CLOCK }
  const now = () => clock.ms
  const ledgerRegistry = createMetrics('ledger', 'test')
  const ledgerMetrics = createLedgerMetrics(ledgerRegistry)
  const keyRing = keepKeyRing(centre, 'the master key of this test, nothing else', now)
  const keys = keyRing.ring.current.derived
  const applier = { redis: centre, waiting, keyRing, meteredApps: async () => () => true, prices: createPriceList(centre, loadRateCard(undefined).card), metrics: ledgerMetrics, logger: pino({ level: 'silent' }), now }
  const calls = new Map<string, Call>()
  let bootId = ''
  let markers = 0

  /** As launch announces it, on a coturn that wipes the status keys of its predecessor. */
  async function boot (id: string): Promise<void> {
    bootId = id
    for (const key of await stats.keys('turn/*/allocation/*/status')) await stats.del(key)
    await operator.set('spillway:boot', id)
    await operator.publish('spillway:boot', id)
  }
  await boot('boot-1')

  const usernameOf = (app: string, user: string): string =>
    mintCredential(() => 'not looked at here', mintUserId(keys, app, userTag(keys, app, user, () => Buffer.alloc(0))), TEN_O_CLOCK / 1000 + 3600).username

  function call (number: number, { app = 'shop', username = usernameOf(app, `user ${number}`) }: { app?: string, username?: string } = {}): Call {
    const allocation = allocationOf(number)
    const voice = () => coturnAllocation(stats, REALM, username, allocation)
    const heard = noTraffic()
    const count = (bytesIn: number, bytesOut: number): Counters => {
      const delta = { rcvp: Math.ceil(bytesIn / 1200), rcvb: bytesIn, sentp: Math.ceil(bytesOut / 1200), sentb: bytesOut }
      heard.packetsIn += delta.rcvp
      heard.bytesIn += delta.rcvb
      heard.packetsOut += delta.sentp
      heard.bytesOut += delta.sentb
      return delta
    }
    const made: Call = {
      boot: bootId,
      allocation,
      heard,
      state: 'open',
      begin: async () => { await voice().begin() },
      refresh: async () => { await voice().refresh() },
      relay: async (bytesIn, bytesOut) => { await voice().traffic(count(bytesIn, bytesOut)) },
      end: async (bytesIn = 0, bytesOut = 0) => {
        const last = count(bytesIn, bytesOut)
        made.state = 'closed'
        await voice().end(last, { rcvp: heard.packetsIn, rcvb: heard.bytesIn, sentp: heard.packetsOut, sentb: heard.bytesOut })
      },
      delete: async () => { await voice().delete() }
    }
    if (number < FIRST_MARKER) calls.set(`${bootId}/${allocation}`, made)
    return made
  }

  /** A new life of the agent: it knows only what the node's Redis has kept. */
  async function live (): Promise<Life> {
    const errors: Error[] = []
    const boots: string[] = []
    const onError = (error: Error) => { errors.push(error) }
    const own = (options: { database?: number } = {}) => connectRedis({ url: node.url('agent'), onError, ...options })
    const redis = own()
    const statsRedis = own({ database: coturnKeys.statsDatabase })
    const ownCentre = connectRedis({ url: central.url(), onError })
    const connections = [redis, statsRedis, ownCentre]
    const disconnect = () => { for (const connection of connections) connection.disconnect() }
    t.teardown(disconnect)
    if (!await untilReady(redis, 5_000) || !await untilReady(statsRedis, 5_000)) throw new Error("the node's Redis does not answer")
    if (centre.status === 'ready') await untilReady(ownCentre, 5_000)
    const agent = createMetrics('relay-agent', 'test')
    const metrics = createAgentMetrics(agent)
    let pending = 0
    const follower = new UsageFollower({ feedUrl: node.url('agent'), redis, statsRedis, realm: REALM, region: 'eu', metrics, now, onError, outboxPending: () => pending, onStopping: () => {}, onBoot: boot => { boots.push(boot) } })
    const shipper = createShipper({ nodeRedis: redis, central: ownCentre, node: NODE, now })
    follower.start()
    let ended = false
    t.teardown(async () => { if (!ended) await follower.stop().catch(() => {}) })
    const life: Life = {
      follower,
      redis,
      errors,
      boots,
      followed: async () => { await until('the feed is followed', () => follower.connected) },
      heard: async (): Promise<number> => findSample(await agent.registry.metrics(), 'spillway_agent_events_total') ?? 0,
      gapsSeen: (): number => metrics.gaps.value,
      untilCentreAnswers: async () => { if (!await untilReady(ownCentre, 5_000)) throw new Error('the centre does not answer') },
      untilNodeAnswers: async () => { await until("the node's Redis answers", () => [redis, statsRedis].every(({ status }) => status === 'ready') && follower.connected) },
      ship: async () => {
        if (follower.log === undefined) return
        await shipper.ship(follower.log).finally(async () => { pending = (await shipper.waiting(follower.sequence)).pending })
      },
      crowd: count => { pending = count },
      pump: async () => {
        await follower.save()
        await life.ship()
        await applyAll()
      },
      crash: async () => {
        ended = true
        disconnect()
        await follower.stop().catch(() => {})
      },
      stop: async () => {
        ended = true
        await follower.stop()
        disconnect()
      }
    }
    return life
  }

  async function applyAll (): Promise<void> {
    while (await countUnapplied(centre, NODE) > 0) await applyNextUsage(applier)
  }

  /** Everything said so far has gone all the way: a last call, begun and ended now, has reached the ledger. */
  async function settle (life: Life): Promise<void> {
    const marker = call(FIRST_MARKER + ++markers, { app: 'marker' })
    await marker.begin()
    await marker.end(1, 1)
    await until('the last call has reached the ledger', async () => {
      await life.pump()
      return await centre.hget(`session:${NODE}:${marker.boot}:${marker.allocation}`, 'state') === 'closed'
    })
  }

  /** Per call: what the ledger says. */
  async function booked (): Promise<Record<string, Traffic & { state: SessionState }>> {
    const sessions = [...await listAll(centre, 'open'), ...await listAll(centre, 'ended')]
    const found: Record<string, Traffic & { state: SessionState }> = {}
    for (const { app, boot, allocation, state, packetsIn, bytesIn, packetsOut, bytesOut } of sessions) {
      if (app !== 'marker') found[`${boot}/${allocation}`] = { state, packetsIn, bytesIn, packetsOut, bytesOut }
    }
    return found
  }

  const expected = () => Object.fromEntries([...calls].map(([name, { heard, state }]) => [name, { state, ...heard }]))

  /** The sums of all ledger rows but the markers'. */
  const ledger = async () => sumOf((await readLedger(centre)).filter(({ key }) => key.app !== 'marker'))

  /** What the ledgers of this test have counted, markers included; less than the ledger holds where one never heard that it had booked. */
  async function counted (): Promise<{ bytesIn: number, bytesOut: number }> {
    const text = await ledgerRegistry.registry.metrics()
    const of = (direction: string): number => findSample(text, 'spillway_relay_bytes_total', `direction="${direction}"`) ?? 0
    return { bytesIn: of('in'), bytesOut: of('out') }
  }

  /** Each session and the ledger's sums are what coturn said. */
  async function compare (t: Test, message = 'the ledger says what coturn said'): Promise<void> {
    t.strictSame(await booked(), expected(), message)
    const all = [...calls.values()]
    const { seconds: _, ...sums } = await ledger()
    const { seconds: __, ...wanted } = sumOf(all.map(({ heard, state }) => ({ ...heard, sessions: 1, lostSessions: state === 'lost' ? 1 : 0, seconds: 0 })))
    t.strictSame(sums, wanted, message)
  }

  return {
    node,
    central,
    centre,
    applier,
    ledgerMetrics,
    clock,
    get operator () { return operator },
    get stats () { return stats },
    connectNode,
    register,
    boot,
    call,
    usernameOf,
    live,
    applyAll,
    settle,
    booked,
    ledger,
    counted,
    compare,
    /** connections of this file and the node's Redis come back */
    restartNode: async () => {
      await node.restart()
      await connectNode()
    }
  }
}

/** Resolves when a connection has noticed that its server is gone. */
export const untilGone = async (redis: Redis): Promise<void> => {
  if (redis.status === 'ready') await once(redis, 'close')
}
