import { setTimeout as delay } from 'node:timers/promises'
import { residentBytesOf } from '../bench/process-cost.ts'
import { COLLECT_SIGNAL } from './collect-on-signal.ts'
import { slopeOf } from '../live/least-squares.ts'
import type { LiveStack } from '../live/live-stack.ts'

/** As often as Prometheus would scrape. */
const SAMPLE_MS = 5_000
/** Garbage that waits is no growth; V8 lets megabytes of it wait for half an hour where there is room. */
const COLLECT_MS = 60_000
/** A process of ours collects in tens of milliseconds. */
const COLLECTED_MS = 1_000
const MINUTES_OF_SLOPE = 10
const BYTES_A_MEGABYTE = 1_000_000

interface Sample { minutes: number, residentBytes: number, heapBytes: number, series: number }

export interface ProcessVerdict {
  startMegabytes: number
  endMegabytes: number
  megabytesPer10Minutes: number
  /** of what is in use of the V8 heap, the least of each minute: it grows where something is kept */
  heapMegabytesPer10Minutes: number
  /** when the watch began, at the end, and the most */
  series: { start: number, end: number, most: number }
  samples: number
  /** resident megabytes, the mean of each minute */
  minutes: number[]
}

export interface Watch {
  /** minutes in which nothing is noted, and all goes on as later: what is read is made too, and takes its room */
  warmUp: number
  minutes: number
  onWarm: () => void
  signal: AbortSignal
}

/**
 * Scrapes the processes of services/ and reads what they hold, for so many minutes or until abort. Each minute they are told
 * to collect their garbage, which takes collect-on-signal in them.
 */
export async function watchProcesses (stack: LiveStack, { warmUp, minutes, onWarm, signal }: Watch): Promise<Record<string, ProcessVerdict>> {
  const processes = describeProcesses(stack).map((one) => ({ ...one, samples: [] as Sample[] }))
  const startMs = performance.now()
  const elapsed = (): number => (performance.now() - startMs) / 60_000 - warmUp
  let [isWarm, collectAtMs] = [false, startMs]
  while (elapsed() < minutes && !signal.aborted) {
    if (!isWarm && elapsed() >= 0) {
      isWarm = true
      onWarm()
    }
    if (performance.now() >= collectAtMs) {
      collectAtMs += COLLECT_MS
      for (const { pid } of processes) process.kill(pid, COLLECT_SIGNAL)
      await delay(COLLECTED_MS)
    }
    for (const { pid, url, samples } of processes) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const heapBytes = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1])
      const sample = { minutes: elapsed(), residentBytes: residentBytesOf(pid), heapBytes, series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length }
      if (isWarm) samples.push(sample)
    }
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => {})
  }
  return Object.fromEntries(processes.map(({ name, samples }) => [name, judge(samples)]))
}

function describeProcesses ({ metricsUrls, pidOf }: LiveStack): Array<{ name: string, pid: number, url: string }> {
  return Object.entries(metricsUrls).flatMap(([job, urls]) => urls.map((url, index) => {
    const name = job === 'relay-agent' ? `node-${index + 1}-relay-agent` : job
    return { name, url, pid: pidOf(name) }
  }))
}

/** The ends are means over a tenth of the samples: one of them alone is garbage that waits, or does not. */
function judge (samples: readonly Sample[]): ProcessVerdict {
  const tenth = Math.ceil(samples.length / 10)
  const megabytes = (part: readonly Sample[]): number => round(part.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / part.length / BYTES_A_MEGABYTE)
  const slope = slopeOf(samples.map(({ minutes, residentBytes }) => ({ x: minutes, y: residentBytes / BYTES_A_MEGABYTE })))
  const byMinute = [...Map.groupBy(samples, ({ minutes }) => Math.floor(minutes))]
  const leastHeap = byMinute.map(([minute, ofIt]) => ({ x: minute, y: Math.min(...ofIt.map(({ heapBytes }) => heapBytes)) / BYTES_A_MEGABYTE }))
  const series = samples.map((sample) => sample.series)
  return {
    startMegabytes: megabytes(samples.slice(0, tenth)),
    endMegabytes: megabytes(samples.slice(-tenth)),
    megabytesPer10Minutes: round(slope * MINUTES_OF_SLOPE),
    heapMegabytesPer10Minutes: round(slopeOf(leastHeap) * MINUTES_OF_SLOPE),
    series: { start: series[0] ?? 0, end: series.at(-1) ?? 0, most: Math.max(...series) },
    samples: samples.length,
    minutes: byMinute.map(([, ofIt]) => megabytes(ofIt))
  }
}

const round = (number: number): number => Math.round(number * 1000) / 1000
