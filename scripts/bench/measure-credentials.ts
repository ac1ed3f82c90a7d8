import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { byPair, inPairs } from './in-pairs.ts'
import { keepOtherCoreAwake } from './cores.ts'
import type { Lab } from './lab.ts'
import { askEvenly, saturate } from './load.ts'
import { cpuMicrosOf } from './process-cost.ts'
import { startBareServer, startControlPlane } from './serve-credentials.ts'
import type { Server } from './serve-credentials.ts'
import { median, medians, ratios, round } from './summary.ts'

/** Enough for V8 to have compiled what it will compile. */
const WARM_UP_REQUESTS = 30_000
/**
 * Ours and bare take short turns within each pair: the speed of a virtual machine changes from second to second, by half as
 * much again and more, and is to change for both alike. What 32 connections cost is in a turn as well, half a percent of it.
 */
const TURNS = 6
const REQUESTS_A_TURN = 5_000
const PACED_TURNS = 3
const PACED_SECONDS_A_TURN = 3
const NANOS_A_MS = 1_000_000
const MICROS_A_SECOND = 1_000_000

/** What a credential costs beside the same bytes from a bare Fastify, and how long each takes at half of what that can do. */
export async function measureCredentials (lab: Lab, pairs: number, note: (text: string) => void) {
  const ours = await startControlPlane(lab)
  lab.onClose(keepOtherCoreAwake())
  const bare = await startBareServer(lab, ours)
  for (const server of [ours, bare]) await saturate(server, WARM_UP_REQUESTS)

  const full = await inPairs(pairs * TURNS, async () => await measureThroughput(ours), async () => await measureThroughput(bare))
  const ourCost = byPair(full.ours, TURNS).map(costOf)
  const bareCost = byPair(full.bare, TURNS).map(costOf)
  const cheapness = ratios(bareCost.map(cpuOf), ourCost.map(cpuOf))
  note(`credentials: CPU a request of bare over ours ${cheapness.join(' ')}`)

  const pacedPerSecond = Math.round(medians(bareCost).perSecond / 2)
  // whoever asks has not asked evenly before, and would measure its own warming up with the first of the two
  for (const server of [ours, bare]) await measureLatency(server, pacedPerSecond)
  const paced = await inPairs(pairs * PACED_TURNS, async () => await measureLatency(ours, pacedPerSecond), async () => await measureLatency(bare, pacedPerSecond))
  const ourWait = byPair(paced.ours, PACED_TURNS).map(waitOf)
  const bareWait = byPair(paced.bare, PACED_TURNS).map(waitOf)
  note(`credentials: p99 at ${pacedPerSecond} a second, ours ${ourWait.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms, bare ${bareWait.map(({ p99Ms }) => round(p99Ms)).join(' ')} ms`)

  return {
    ratio: median(cheapness),
    ours: { ...medians(ourCost), ...medians(ourWait) },
    bare: { ...medians(bareCost), ...medians(bareWait) },
    pacedPerSecond
  }
}

interface Throughput { count: number, seconds: number, cpuMicros: number }

async function measureThroughput (server: Server): Promise<Throughput> {
  const before = cpuMicrosOf(server.pid)
  const { count, seconds } = await saturate(server, REQUESTS_A_TURN)
  return { count, seconds, cpuMicros: cpuMicrosOf(server.pid) - before }
}

/** Of all turns of a pair. */
function costOf (turns: readonly Throughput[]) {
  const sum = (field: keyof Throughput): number => turns.reduce((total, turn) => total + turn[field], 0)
  return {
    cpuMicrosPerRequest: sum('cpuMicros') / sum('count'),
    perSecond: sum('count') / sum('seconds'),
    coreShare: sum('cpuMicros') / MICROS_A_SECOND / sum('seconds')
  }
}
const cpuOf = ({ cpuMicrosPerRequest }: { cpuMicrosPerRequest: number }): number => cpuMicrosPerRequest

const measureLatency = async (server: Server, perSecond: number): Promise<RecordableHistogram> =>
  (await askEvenly(server, perSecond, PACED_SECONDS_A_TURN)).latencies

/** Of all requests of a pair. */
function waitOf (turns: readonly RecordableHistogram[]) {
  const all = createHistogram()
  for (const latencies of turns) all.add(latencies)
  return { p50Ms: all.percentile(50) / NANOS_A_MS, p99Ms: all.percentile(99) / NANOS_A_MS }
}
