import type { Lab } from './lab.ts'
import { askEvenly, saturate } from './load.ts'
import { cpuMicrosOf } from './process-cost.ts'
import { startBareServer, startControlPlane } from './serve-credentials.ts'
import type { Server } from './serve-credentials.ts'
import { median, medians, round } from './summary.ts'

/** Enough for V8 to have compiled what it will compile. */
const WARM_UP_REQUESTS = 30_000
/** Seconds of CPU time, which /proc counts in hundredths. */
const REQUESTS = 30_000
const PACED_SECONDS = 3
const NANOS_A_MS = 1_000_000

/** What a credential costs beside the same bytes from a bare Fastify, and how long each takes at half of what that can do. */
export async function measureCredentials (lab: Lab, pairs: number, note: (text: string) => void) {
  const ours = await startControlPlane(lab)
  const bare = await startBareServer(lab, ours)
  for (const server of [ours, bare]) await saturate(server, WARM_UP_REQUESTS)

  const full = await inPairs(pairs, measureThroughput, { ours, bare })
  const ratios = full.ours.map(({ cpuMicrosPerRequest }, pair) => (full.bare[pair]?.cpuMicrosPerRequest ?? NaN) / cpuMicrosPerRequest)
  note(`credentials: CPU a request of bare over ours ${ratios.map(round).join(' ')}`)

  const pacedPerSecond = Math.round(medians(full.bare).perSecond / 2)
  const paced = await inPairs(pairs, async (server) => await measureLatency(server, pacedPerSecond), { ours, bare })
  note(`credentials: p99 at ${pacedPerSecond} a second, ours ${paced.ours.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms, bare ${paced.bare.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms`)

  return {
    ratio: round(median(ratios)),
    ours: { ...medians(full.ours), ...medians(paced.ours) },
    bare: { ...medians(full.bare), ...medians(paced.bare) },
    pacedPerSecond
  }
}

/** Ours, bare, ours, bare: a machine that slows down meanwhile slows both. */
async function inPairs<Trial> (pairs: number, measure: (server: Server) => Promise<Trial>, { ours, bare }: { ours: Server, bare: Server }): Promise<{ ours: Trial[], bare: Trial[] }> {
  const trials = { ours: [] as Trial[], bare: [] as Trial[] }
  for (let pair = 0; pair < pairs; pair++) {
    trials.ours.push(await measure(ours))
    trials.bare.push(await measure(bare))
  }
  return trials
}

async function measureThroughput (server: Server) {
  const before = cpuMicrosOf(server.pid)
  const { count, seconds } = await saturate(server, REQUESTS)
  const cpuMicros = cpuMicrosOf(server.pid) - before
  return { cpuMicrosPerRequest: cpuMicros / count, perSecond: count / seconds, coreShare: cpuMicros / 1_000_000 / seconds }
}

async function measureLatency (server: Server, perSecond: number) {
  const { latencies } = await askEvenly(server, perSecond, PACED_SECONDS)
  return { p50Ms: latencies.percentile(50) / NANOS_A_MS, p99Ms: latencies.percentile(99) / NANOS_A_MS }
}
