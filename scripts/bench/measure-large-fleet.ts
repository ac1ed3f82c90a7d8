import { setTimeout as delay } from 'node:timers/promises'
import { urlOf } from '../native/part.ts'
import { until } from '../until.ts'
import { keepOtherCoreAwake } from './cores.ts'
import { inPairs } from './in-pairs.ts'
import type { Lab } from './lab.ts'
import { LARGE, makeLargeFleet } from './large-fleet.ts'
import { askEvenly, saturate } from './load.ts'
import type { Target } from './load.ts'
import { cpuMicrosOf, threadMsOf } from './process-cost.ts'
import { askOnce, bodies, createApp } from './serve-credentials.ts'
import { median, round } from './summary.ts'

const WARM_UP_REQUESTS = 10_000
/** Many short turns: the median of their p99 is not that of the moment in which somebody else had the core. */
const PACED_SECONDS = 4
const TURNS_A_PAIR = 3
/** A busy control plane, with time to spare: what a scrape takes is then what a request may have to wait. */
const ASKED_A_SECOND = 320
/** Fifteen times as often as Prometheus comes by: p99 of seconds in which nobody scrapes would say nothing of a scrape. */
const SCRAPE_MS = 1_000
const SCRAPES = 20
const KNOWN_MS = 120_000
const NANOS_A_MS = 1_000_000

/** How long issuing takes while 1,000 nodes and 2,000 apps are scraped, beside without; and how long a scrape of each process takes. */
export async function measureScrape (lab: Lab, pairs: number, note: (text: string) => void) {
  await lab.start('central-redis')
  const controlPlane = { pid: await lab.startMeasured('control-plane'), url: urlOf(lab.settings.controlPlaneOps) }
  const target = { url: `${urlOf(lab.settings.api)}/v1/credentials`, key: await createApp(lab), bodies }
  note(`scrape: ${LARGE.nodes} nodes are registered, ${LARGE.apps} apps made`)
  await makeLargeFleet(lab)
  lab.onClose(keepOtherCoreAwake())
  await until('the control plane serves from them', async () => (await askOnce(target)).provider === 'coturn', KNOWN_MS, 500)
  await saturate(target, WARM_UP_REQUESTS)

  const { ours: scraped, bare: unscraped } = await inPairs(TURNS_A_PAIR * pairs, async () => {
    const stop = scrapeAgain(controlPlane)
    return { ...await measureIssuing(target, controlPlane.pid), scrapes: await stop() }
  }, async () => ({ ...await measureIssuing(target, controlPlane.pid), scrapes: [] }))
  const [scrapedP99Ms, unscrapedP99Ms] = [scraped, unscraped].map((trials) => round(median(trials.map(({ p99Ms }) => p99Ms)))) as [number, number]
  note(`scrape: p99 of issuing ${scraped.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms with, ${unscraped.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms without`)

  const ledger = { pid: await lab.startMeasured('ledger'), url: urlOf(lab.settings.ledgerOps) }
  const prober = { pid: await lab.startMeasured('prober'), url: urlOf(lab.settings.proberOps) }
  const processes = {
    'control-plane': summarize(scraped.flatMap(({ scrapes }) => scrapes)),
    ledger: summarize(await scrapeTimes(ledger, 'spillway_relay_bytes_today{')),
    prober: summarize(await scrapeTimes(prober, 'spillway_probes_total{'))
  }
  return { nodes: LARGE.nodes, apps: LARGE.apps, askedPerSecond: ASKED_A_SECOND, ratio: round(scrapedP99Ms / unscrapedP99Ms), scrapedP99Ms, unscrapedP99Ms, coreShare: round(median(unscraped.map(({ coreShare }) => coreShare))), processes }
}

interface Scraped { pid: number, url: string }
/** `workMs`: what its thread did meanwhile, whatever it was */
interface Scrape { ms: number, workMs: number, series: number }

async function measureIssuing (target: Target, pid: number): Promise<{ p99Ms: number, coreShare: number }> {
  const busy = cpuMicrosOf(pid)
  const { latencies, seconds } = await askEvenly(target, ASKED_A_SECOND, PACED_SECONDS)
  return { p99Ms: latencies.percentile(99) / NANOS_A_MS, coreShare: (cpuMicrosOf(pid) - busy) / 1_000_000 / seconds }
}

/** Returns how to end it, and what it took each time. */
function scrapeAgain (scraped: Scraped): () => Promise<Scrape[]> {
  const stopping = new AbortController()
  const done = (async () => {
    const scrapes: Scrape[] = []
    while (!stopping.signal.aborted) {
      scrapes.push((await scrape(scraped)).scrape)
      await delay(SCRAPE_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
    return scrapes
  })()
  return async () => {
    stopping.abort()
    return await done
  }
}

/** Once the process knows all there is: its series have not become more for some scrapes. */
async function scrapeTimes (scraped: Scraped, knows: string): Promise<Scrape[]> {
  let before = 0
  await until(`${scraped.url} tells all`, async () => {
    const { text, scrape: { series } } = await scrape(scraped)
    const settled = text.includes(knows) && series === before
    before = series
    return settled
  }, KNOWN_MS, 6_000)
  const scrapes: Scrape[] = []
  while (scrapes.length < SCRAPES) {
    scrapes.push((await scrape(scraped)).scrape)
    await delay(SCRAPE_MS)
  }
  return scrapes
}

async function scrape ({ pid, url }: Scraped): Promise<{ text: string, scrape: Scrape }> {
  const [began, busy] = [performance.now(), threadMsOf(pid)]
  const text = await (await fetch(`${url}/metrics`)).text()
  const [ms, workMs] = [performance.now() - began, threadMsOf(pid) - busy]
  return { text, scrape: { ms, workMs, series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length } }
}

const summarize = (scrapes: readonly Scrape[]) => ({
  medianMs: round(median(scrapes.map(({ ms }) => ms))),
  medianWorkMs: round(median(scrapes.map(({ workMs }) => workMs))),
  mostMs: round(Math.max(...scrapes.map(({ ms }) => ms))),
  series: Math.max(...scrapes.map(({ series }) => series))
})
