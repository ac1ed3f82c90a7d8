import type { UrlHealth } from '../../services/domain/health.ts'
import { noExperience, noneEachStep } from '../../services/domain/load-experience.ts'
import { newDesired, relayUrls } from '../../services/domain/node.ts'
import type { NodeFacts } from '../../services/domain/node.ts'
import { createLedgerMetrics } from '../../services/ledger/ledger-metrics.ts'
import { createProberMetrics } from '../../services/prober/prober-metrics.ts'
import { createMetrics } from '../../services/runtime/metrics.ts'
import type { Metrics } from '../../services/runtime/metrics.ts'

export interface ScrapeCost {
  series: number
  /** counts lost because a metric would have had too many */
  dropped: number
  bytes: number
  /** from the request for the text to the text, gauges brought up to date first */
  medianMs: number
  worstMs: number
  /** of all threads, the collection of garbage included: what a machine that has other work to do does not make larger */
  medianCpuMs: number
}

const SCRAPES = 11
const REGIONS = 10

const regionOf = (index: number): string => `region-${index % REGIONS}`
const appOf = (index: number): string => `app-${index}`

/** One node of a fleet that is well: three URLs, all of them probed, and an agent that speaks. */
function nodeOf (index: number): NodeFacts {
  const address = `198.51.${index >> 8}.${index & 255}`
  return {
    id: `node-${index}`,
    desired: newDesired('0123456789abcdef'),
    observed: {
      beat: index, clockMs: 0, region: regionOf(index), relayIps: [address], urls: relayUrls(address, 3478, 443), capacityBitsPerSecond: 1e9, maxAllocations: 4_000, coturnVersion: '4.17.1', boot: 'boot', sessions: index, admitting: true, loadBitsPerSecond: index * 1_234_567.89, unresolved: noneEachStep(), experience: noExperience(), interfaceBitsPerSecond: index * 1_345_678.9, generationsApplied: [1], outboxPending: 0, gaps: 0
    }
  }
}

const healthOf = (url: string, index: number): UrlHealth => {
  const failure = index % 100 === 0 ? { stage: 'binding', cause: 'timeout', code: null } as const : null
  return {
    url,
    state: failure ? 'bad' : 'good',
    failure,
    goodInARow: failure ? 0 : 9,
    badInARow: failure ? 9 : 0,
    last: { url, failure, answered: failure === null, bindingMs: 1.234 + index / 7, allocateMs: 2.345 + index / 7, relayMs: 3.456 + index / 7, packetsSent: 10, packetsReceived: 10, certificateExpiresAtMs: url.startsWith('turns:') ? 1.8e12 : null }
  }
}

async function timeScrapes ({ registry }: Metrics): Promise<ScrapeCost> {
  const timesMs: number[] = []
  const cpuMs: number[] = []
  let text = ''
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
    text = await registry.metrics()
    timesMs.push(performance.now() - startedMs)
    const { user, system } = process.cpuUsage(cpu)
    cpuMs.push((user + system) / 1000)
  }
  const samples = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const droppedSeries = samples.filter(line => line.startsWith('spillway_metric_series_dropped_total'))
  return {
    series: samples.length,
    dropped: droppedSeries.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0),
    bytes: Buffer.byteLength(text),
    medianMs: median(timesMs),
    worstMs: Math.max(...timesMs),
    medianCpuMs: median(cpuMs)
  }
}
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

async function scrapeProber (nodes: number): Promise<ScrapeCost> {
  const metrics = createMetrics('prober', '0')
  const own = createProberMetrics(metrics)
  const fleet = Array.from({ length: nodes }, (_, index) => nodeOf(index))
  const health = new Map(fleet.map(({ id, observed }, index) => [id, observed?.urls.map(url => healthOf(url, index)) ?? []]))
  own.hear(fleet, Date.now())
  for (const node of fleet) for (const url of health.get(node.id) ?? []) own.countProbe(node, url)
  metrics.onScrape(() => { own.showFleet(fleet, node => health.get(node) ?? [], Date.now()) })
  return await timeScrapes(metrics)
}

/** Every app has relayed in every region on own nodes, and at one paid provider. */
async function scrapeLedger (nodes: number, apps: number): Promise<ScrapeCost> {
  const metrics = createMetrics('ledger', '0')
  const own = createLedgerMetrics(metrics)
  const ids = Array.from({ length: apps }, (_, index) => appOf(index))
  const regions = Array.from({ length: REGIONS }, (_, index) => regionOf(index))
  const relayed = ids.flatMap((app, index) => [
    ...regions.map(region => ({ app, provider: 'coturn', region, basis: 'measured' as const, bytesIn: index * 12_345, bytesOut: index * 54_321, costUsd: index / 7, unpricedBytes: 0 })),
    { app, provider: 'cloudflare', region: 'global', basis: 'estimated' as const, bytesIn: index, bytesOut: index * 99, costUsd: index / 3, unpricedBytes: 0 }
  ])
  const spent = new Map(ids.map((app, index) => [app, BigInt(index) * 1_234n]))
  own.showWaiting(Array.from({ length: nodes }, (_, index) => ({ node: `node-${index}`, batches: 3, oldestMs: index })))
  for (const { app, provider, region, bytesIn, bytesOut } of relayed) own.countPaid({ atMs: 0, app, provider, region, bytesIn, bytesOut, priceVersion: '0', microUsd: 0 })
  own.showSpend({ day: spent, month: spent }, new Map(ids.map(app => [app, { dayMicroUsd: '5000000', monthMicroUsd: '90000000', action: 'deny-spill' as const }])))
  own.showDay(relayed)
  own.showMonth(relayed)
  return await timeScrapes(metrics)
}

/**
 * What one scrape of a large installation costs: the metrics that prober and ledger have, filled as a fleet of that size
 * would fill them. Takes about a second.
 */
export async function measureScrape ({ nodes = 1_000, apps = 2_000 } = {}): Promise<{ prober: ScrapeCost, ledger: ScrapeCost }> {
  return { prober: await scrapeProber(nodes), ledger: await scrapeLedger(nodes, apps) }
}
