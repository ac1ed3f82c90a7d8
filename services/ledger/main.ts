import { OperatorMistake } from '../domain/operator-mistake.ts'
import { connectCentral } from '../store/central-redis.ts'
import { COMMAND_TIMEOUT_MS, START_PATIENCE_MS, untilReady } from '../store/connect.ts'
import { keepKeyRing } from '../store/key-ring.ts'
import { guardLayout } from '../store/layout.ts'
import { listNodeIds } from '../store/nodes.ts'
import { countOpenSessions } from '../store/session-records.ts'
import { readWaiting } from '../store/usage-stream.ts'
import { logOutage } from '../runtime/logger.ts'
import type { Logger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createOpsServer } from '../runtime/ops-server.ts'
import { repeat } from '../runtime/repeat.ts'
import { runProcess } from '../runtime/run-process.ts'
import type { StopPhases } from '../runtime/run-process.ts'
import { version } from '../runtime/version.ts'
import { applyNextUsage, READ_BLOCK_MS, tellUnreadable } from './apply-usage.ts'
import { createBillReaders, reconcileJobs } from './bill-readers.ts'
import { bookPaid } from './book-paid.ts'
import { checkSettings, LedgerConfig } from './config.ts'
import { JOBS, scheduleJobs } from './jobs.ts'
import { loadRateCard } from './load-rate-card.ts'
import { createMeteredApps } from './metered-apps.ts'
import { createLedgerMetrics } from './ledger-metrics.ts'
import { createPriceList } from './price-list.ts'
import { createMoneyReader } from './show-money.ts'

/** Between two reads: XREAD itself waits for work, this only keeps a broken connection from spinning. */
const PAUSE_MS = 20
const GAUGES_MS = 5_000
/** They move slowly, and are read out of all rows of the day. */
const MONEY_MS = 30_000
/** Paid credentials stand against the budgets from when they are issued, so there is no hurry to book them. */
const BOOK_PAID_MS = 500

async function start ({ config, logger, fail }: { config: LedgerConfig, logger: Logger, fail: (error: Error) => void }): Promise<StopPhases> {
  const metrics = createMetrics('ledger', version)
  const ledgerMetrics = createLedgerMetrics(metrics)
  const outage = logOutage(logger, 'the central Redis')
  const redis = connectCentral(config, { onError: outage.failed })
  const waiting = connectCentral(config, { onError: outage.failed, commandTimeoutMs: COMMAND_TIMEOUT_MS + READ_BLOCK_MS })
  const pinging = ledgerMetrics.watchRedis('central', redis)
  const keyRing = keepKeyRing(redis, config.SPILLWAY_MASTER_KEY, Date.now)
  const [ready] = await Promise.all([redis, waiting].map(async connection => await untilReady(connection, START_PATIENCE_MS)))
  await guardLayout(redis, { ready: ready === true, fail })
  if (ready) await keyRing.begin()

  const prices = createPriceList(redis, loadRateCard(config.SPILLWAY_RATE_CARD_FILE).card)
  ledgerMetrics.showPrices(prices.card)
  const applier = { redis, waiting, keyRing, prices, meteredApps: createMeteredApps(redis), metrics: ledgerMetrics, logger, now: Date.now, onUnreadable: tellUnreadable(logger) }
  let working = false
  const applying = repeat(PAUSE_MS, async () => {
    await applyNextUsage(applier)
    working = true
    outage.recovered()
  }, error => {
    working = false
    if (error instanceof OperatorMistake) fail(error)
    else outage.failed(error)
  })
  const booking = repeat(BOOK_PAID_MS, async () => { await bookPaid({ redis, logger, metrics: ledgerMetrics }) }, () => {})
  const gauges = repeat(GAUGES_MS, async () => {
    await prices.publish()
    ledgerMetrics.open.set(await countOpenSessions(redis))
    ledgerMetrics.showWaiting(await readWaiting(redis, await listNodeIds(redis)))
  }, () => {})
  const showMoney = createMoneyReader(redis, ledgerMetrics)
  const money = repeat(MONEY_MS, async () => { await showMoney(Date.now()) }, () => {})
  const billReaders = createBillReaders(config)
  for (const provider of billReaders.keys()) ledgerMetrics.expectBill(provider)
  const jobs = scheduleJobs({ redis, metrics: ledgerMetrics, logger, prices }, [...JOBS, ...reconcileJobs(billReaders)])

  let stopping = false
  const ops = createOpsServer(logger, metrics, () => ({
    missing: {
      ...stopping ? { process: 'is stopping' } : {},
      ...working ? {} : { redis: 'the central Redis does not answer' }
    },
    degraded: keyRing.degraded
  }))
  await ops.listen({ host: config.SPILLWAY_LEDGER_HOST, port: config.SPILLWAY_LEDGER_OPS_PORT })
  logger.info({ ops: ops.server.address() }, 'ledger runs')

  return [
    ['readiness', () => { stopping = true }],
    ['jobs', () => jobs.stop()],
    ['apply', () => Promise.all([applying.stop(), booking.stop(), gauges.stop(), money.stop(), pinging.stop()])],
    ['ops server', () => ops.close()],
    ['redis', () => { for (const connection of [redis, waiting]) connection.disconnect() }]
  ]
}

await runProcess({ name: 'ledger', schema: LedgerConfig, alsoCheck: checkSettings, start }, process.env)
