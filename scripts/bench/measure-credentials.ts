import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
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

/** One pair: what a credential costs beside the same bytes from a bare Fastify, and how long each takes at half of what that can do. */
export async function measureCredentials (lab: Lab) {
  const ours = await startControlPlane(lab)
  lab.onClose(keepOtherCoreAwake())
  const bare = await startBareServer(lab, ours)
  for (const server of [ours, bare]) await saturate(server, WARM_UP_REQUESTS)
  const full = await inPairs(TURNS, async () => await measureThroughput(ours), async () => await measureThroughput(bare))
  const [ourCost, bareCost] = [costOf(full.ours), costOf(full.bare)]

  const pacedPerSecond = Math.round(bareCost.perSecond / 2)
  // whoever asks has not asked evenly before, and would measure its own warming up with the first of the two
  for (const server of [ours, bare]) await measureLatency(server, pacedPerSecond)
  const paced = await inPairs(PACED_TURNS, async () => await measureLatency(ours, pacedPerSecond), async () => await measureLatency(bare, pacedPerSecond))
  return { ours: { ...ourCost, ...waitOf(paced.ours) }, bare: { ...bareCost, ...waitOf(paced.bare) }, pacedPerSecond }
}
export type CredentialsPair = Awaited<ReturnType<typeof measureCredentials>>

/** Of pairs, each of processes of its own: of the same code one may be a tenth faster than the next, as its pages and what V8 makes of it happen to fall. */
export function summarizeCredentials (pairs: readonly CredentialsPair[], note: (text: string) => void) {
  const [ours, bare] = [pairs.map(pair => pair.ours), pairs.map(pair => pair.bare)]
  const cheapness = ratios(bare.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest), ours.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest))
  const slowness = ratios(ours.map(({ p99Ms }) => p99Ms), bare.map(({ p99Ms }) => p99Ms))
  note(`credentials: CPU a request of bare over ours ${cheapness.join(' ')}`)
  note(`credentials: p99 of ours over bare ${slowness.join(' ')}`)
  return {
    ratio: round(median(cheapness)),
    p99Ratio: round(median(slowness)),
    ours: medians(ours),
    bare: medians(bare),
    pacedPerSecond: median(pairs.map(({ pacedPerSecond }) => pacedPerSecond))
  }
}

interface Throughput { count: number, seconds: number, cpuMicros: number }

async function measureThroughput (server: Server): Promise<Throughput> {
  const before = cpuMicrosOf(server.pid)
  const { count, seconds } = await saturate(server, REQUESTS_A_TURN)
  return { count, seconds, cpuMicros: cpuMicrosOf(server.pid) - before }
}

/** Of all turns. */
function costOf (turns: readonly Throughput[]) {
  const sum = (field: keyof Throughput): number => turns.reduce((total, turn) => total + turn[field], 0)
  return {
    cpuMicrosPerRequest: sum('cpuMicros') / sum('count'),
    perSecond: sum('count') / sum('seconds'),
    coreShare: sum('cpuMicros') / MICROS_A_SECOND / sum('seconds')
  }
}

const measureLatency = async (server: Server, perSecond: number): Promise<RecordableHistogram> =>
  (await askEvenly(server, perSecond, PACED_SECONDS_A_TURN)).latencies

/** Of all requests. */
function waitOf (turns: readonly RecordableHistogram[]) {
  const all = createHistogram()
  for (const latencies of turns) all.add(latencies)
  return { p50Ms: all.percentile(50) / NANOS_A_MS, p99Ms: all.percentile(99) / NANOS_A_MS }
}
