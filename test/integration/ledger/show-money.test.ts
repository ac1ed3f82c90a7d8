import t from 'tap'
import { ALL_APPS } from '../../../services/domain/budget.ts'
import type { PaidIssue } from '../../../services/domain/budget.ts'
import { priceVersion } from '../../../services/domain/rate-card.ts'
import type { Price } from '../../../services/domain/rate-card.ts'
import { createLedgerMetrics } from '../../../services/ledger/ledger-metrics.ts'
import { createMoneyReader } from '../../../services/ledger/show-money.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { bookPaidIssues, readPaidIssues, recordPaid } from '../../../services/store/paid-issues.ts'
import { publishRateCard } from '../../../services/store/prices.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { bookedRow, deliver, TEN_O_CLOCK } from '../../helpers/usage-rows.ts'

t.test('what was spent, what may be, and what the bytes of the day cost, as gauges', async t => {
  const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
  const metrics = createMetrics('ledger', 'test')
  const show = createMoneyReader(redis, createLedgerMetrics(metrics))
  const price: Price = { provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' }
  await publishRateCard(redis, { prices: [price], flat: [], credits: [] })
  await redis.hset('budgets', 'shop', JSON.stringify({ dayMicroUsd: '2000000', monthMicroUsd: null, action: 'warn' }), ALL_APPS, JSON.stringify({ dayMicroUsd: null, monthMicroUsd: '9000000', action: 'deny-spill' }))
  const issue = (app: string, differs: Partial<PaidIssue> = {}): PaidIssue => ({ atMs: TEN_O_CLOCK, app, provider: 'cloudflare', region: 'global', priceVersion: priceVersion(price), bytesIn: 1, bytesOut: 10_000_000_000, microUsd: 500_000, ...differs })
  await recordPaid(redis, [issue('shop'), issue('chat'), issue('chat', { atMs: TEN_O_CLOCK - 86_400_000 })])
  await bookPaidIssues(redis, await readPaidIssues(redis, 10) as never)
  await applyUsage(redis, await deliver(redis, 'eu-1', 'log-a', 1), [bookedRow({ bytesIn: 3, bytesOut: 4 })])

  for (let time = 0; time < 2; time++) await show(TEN_O_CLOCK)
  const lines = (await metrics.registry.metrics()).split('\n').filter(line => /^spillway_(spend|budget|cost|unpriced|relay_bytes)/.test(line)).sort()
  t.same(lines, [
    'spillway_budget_usd{app="_all",period="month",action="deny-spill"} 9',
    'spillway_budget_usd{app="shop",period="day",action="warn"} 2',
    'spillway_cost_month_usd{provider="cloudflare",region="global"} 1.5',
    'spillway_cost_today_usd{app="chat",provider="cloudflare",region="global",basis="estimated"} 0.5',
    'spillway_cost_today_usd{app="shop",provider="cloudflare",region="global",basis="estimated"} 0.5',
    'spillway_relay_bytes_month{provider="cloudflare",region="global",direction="in"} 3',
    'spillway_relay_bytes_month{provider="cloudflare",region="global",direction="out"} 30000000000',
    'spillway_relay_bytes_month{provider="coturn",region="eu",direction="in"} 3',
    'spillway_relay_bytes_month{provider="coturn",region="eu",direction="out"} 4',
    'spillway_relay_bytes_today{app="chat",provider="cloudflare",region="global",direction="in",basis="estimated"} 1',
    'spillway_relay_bytes_today{app="chat",provider="cloudflare",region="global",direction="out",basis="estimated"} 10000000000',
    'spillway_relay_bytes_today{app="shop",provider="cloudflare",region="global",direction="in",basis="estimated"} 1',
    'spillway_relay_bytes_today{app="shop",provider="cloudflare",region="global",direction="out",basis="estimated"} 10000000000',
    'spillway_relay_bytes_today{app="shop",provider="coturn",region="eu",direction="in",basis="measured"} 3',
    'spillway_relay_bytes_today{app="shop",provider="coturn",region="eu",direction="out",basis="measured"} 4',
    'spillway_relay_bytes_total{app="chat",provider="cloudflare",region="global",direction="in"} 0',
    'spillway_relay_bytes_total{app="chat",provider="cloudflare",region="global",direction="out"} 0',
    'spillway_relay_bytes_total{app="shop",provider="cloudflare",region="global",direction="in"} 0',
    'spillway_relay_bytes_total{app="shop",provider="cloudflare",region="global",direction="out"} 0',
    'spillway_relay_bytes_total{app="shop",provider="coturn",region="eu",direction="in"} 0',
    'spillway_relay_bytes_total{app="shop",provider="coturn",region="eu",direction="out"} 0',
    'spillway_spend_usd{app="_all",period="day"} 1',
    'spillway_spend_usd{app="_all",period="month"} 1.5',
    'spillway_spend_usd{app="chat",period="day"} 0.5',
    'spillway_spend_usd{app="chat",period="month"} 1',
    'spillway_spend_usd{app="shop",period="day"} 0.5',
    'spillway_spend_usd{app="shop",period="month"} 0.5',
    'spillway_unpriced_bytes_today{provider="coturn",region="eu"} 7'
  ])
})
