import { inPairs } from './in-pairs.ts'
import { keepOtherCoreAwake } from './cores.ts'
import type { Lab } from './lab.ts'
import { askEvenly, saturate } from './load.ts'
import { cpuMicrosOf } from './process-cost.ts'
import { startBareServer, startControlPlane } from './serve-credentials.ts'
import type { Server } from './serve-credentials.ts'
import { median, medians, ratios, round } from './summary.ts'

/** Enough for V8 to have compiled what it will compile. */
const WARM_UP_REQUESTS = 30_000
/** Seconds of CPU time, which /proc counts in hundredths. */
const REQUESTS = 30_000
const PACED_SECONDS = 3
const NANOS_A_MS = 1_000_000

/** What a credential costs beside the same bytes from a bare Fastify, and how long each takes at half of what that can do. */
export async function measureCredentials (lab: Lab, pairs: number, note: (text: string) => void) {
  const ours = await startControlPlane(lab)
  lab.onClose(keepOtherCoreAwake())
  const bare = await startBareServer(lab, ours)
  for (const server of [ours, bare]) await saturate(server, WARM_UP_REQUESTS)

  const full = await inPairs(pairs, async () => await measureThroughput(ours), async () => await measureThroughput(bare))
  const cheapness = ratios(full.bare.map(cpuOf), full.ours.map(cpuOf))
  note(`credentials: CPU a request of bare over ours ${cheapness.join(' ')}`)

  const pacedPerSecond = Math.round(medians(full.bare).perSecond / 2)
  // whoever asks has not asked evenly before, and would measure its own warming up with the first of the two
  for (const server of [ours, bare]) await measureLatency(server, pacedPerSecond)
  const paced = await inPairs(pairs, async () => await measureLatency(ours, pacedPerSecond), async () => await measureLatency(bare, pacedPerSecond))
  note(`credentials: p99 at ${pacedPerSecond} a second, ours ${paced.ours.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms, bare ${paced.bare.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms`)

  return {
    ratio: median(cheapness),
    ours: { ...medians(full.ours), ...medians(paced.ours) },
    bare: { ...medians(full.bare), ...medians(paced.bare) },
    pacedPerSecond
  }
}

const cpuOf = ({ cpuMicrosPerRequest }: { cpuMicrosPerRequest: number }): number => cpuMicrosPerRequest

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
