import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { CallLoad } from './live/call-load.ts'
import { compareWithLedger } from './live/compare-ledger.ts'
import type { Comparison } from './live/compare-ledger.ts'
import { openLiveStack } from './live/live-stack.ts'
import { abortOnSignal } from './native/abort-on-signal.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { watchProcesses } from './soak/watch-processes.ts'
import type { ProcessVerdict } from './soak/watch-processes.ts'

const HELP = `Usage: npm run --silent soak -- [options] > result.json

A whole Spillway with two relays under a steady load of real calls. Prints one JSON and, on standard error, a verdict: the
resident memory of each process must not grow, nor the number of its metric series, and the ledger must say what the
clients counted themselves. Each process collects its garbage once a minute, so that what grows is what is kept. Needs redis-server and coturn; leaves nothing behind.

  --minutes N   how long is watched: 1 to 1440 (30)
  --warm-up N   minutes before that, at three times the load, in which caches and heaps fill: 0 to 120 (15)
  --calls N     at a time: 1 to 100 (12)
  --help        print this

Exit code 0: memory grew by less than 1 MB in ten minutes, series by no more than
2 %, and the ledger is exact to the byte. 1: otherwise.
`
const MOST_MEGABYTES_PER_10_MINUTES = 1
/** What takes half an hour to come to its size at the steady load, such as a heap, comes to it sooner. */
const WARM_UP_LOAD = 3
/** A label set that occurs for the first time is one; what makes one with each call makes hundreds. */
const MOST_NEW_SERIES = 0.02
const NODES = [{ region: 'eu', capacityMbps: 100 }, { region: 'us', capacityMbps: 100 }]
/** Small video, and short calls: what grows by the call shows sooner. */
const RATE = { bitsPerSecond: 100_000, payloadBytes: 500 }
const MEAN_CALL_SECONDS = 30
const COLLECTOR = resolve(import.meta.dirname, 'soak/collect-on-signal.ts')

const note = (text: string): void => { process.stderr.write(`${text}\n`) }

await runCommand(async () => {
  const { minutes, warmUp, calls, help } = readArguments()
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  process.umask(0o077)
  const { signal } = abortOnSignal()
  const stack = await openLiveStack({ nodes: NODES, nodeOptions: `--expose-gc --import=${pathToFileURL(COLLECTOR).href}`, signal, say: (part, what) => { note(`${part.padEnd(20)} ${what}`) } })
  try {
    const apps = [await stack.createApp('soak-one'), await stack.createApp('soak-two')]
    const load = new CallLoad({ api: stack.api, apps: apps.map((app, index) => ({ ...app, region: NODES[index]?.region ?? '', weight: 1 })), rate: RATE, meanSeconds: MEAN_CALL_SECONDS })
    let processes: Record<string, ProcessVerdict> = {}
    try {
      load.want(WARM_UP_LOAD * calls)
      note(`${warmUp} minutes of warm-up at ${WARM_UP_LOAD} times ${calls} calls, then ${minutes} are watched at ${calls}`)
      processes = await watchProcesses(stack, { warmUp, minutes, onWarm: () => { load.want(calls) }, signal })
    } finally {
      await load.stop()
    }
    const ledger = await compareWithLedger(stack, load)
    const problems = [...findProblems(processes, ledger), ...load.unanswered === 0 ? [] : [`${load.unanswered} calls met no relay`], ...[...load.failures].map((failure) => `a call failed: ${failure}`), ...signal.aborted ? ['it was stopped before its time'] : []]
    process.stdout.write(`${JSON.stringify({ minutes, warmUpMinutes: warmUp, calls, processes, ledger, problems }, null, 2)}\n`)
    note(problems.length === 0 ? 'passed' : `failed:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    return problems.length === 0 ? 0 : 1
  } finally {
    await stack.close()
  }
})

function findProblems (processes: Record<string, ProcessVerdict>, { sessions, lostSessions, differing, clientBytes, ledgerBytes }: Comparison): string[] {
  const grown = Object.entries(processes).flatMap(([name, { megabytesPer10Minutes, series }]) => [
    ...megabytesPer10Minutes < MOST_MEGABYTES_PER_10_MINUTES ? [] : [`${name} grows by ${megabytesPer10Minutes} MB in ten minutes`],
    ...series.end - series.start <= MOST_NEW_SERIES * series.start ? [] : [`${name} has ${series.end} series, ${series.start} after the warm-up`]
  ])
  return [
    ...grown,
    ...sessions > 0 ? [] : ['nothing was relayed'],
    ...lostSessions === 0 ? [] : [`${lostSessions} sessions were not ended in good order`],
    ...differing.length === 0 ? [] : [`of ${differing.length} sessions the ledger does not say what the clients do`],
    ...ledgerBytes === clientBytes ? [] : [`the ledger has ${ledgerBytes} bytes, the clients ${clientBytes}`]
  ]
}

function readArguments () {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({ options: { minutes: { ...text, default: '30' }, 'warm-up': { ...text, default: '15' }, calls: { ...text, default: '12' }, help: { type: 'boolean', default: false } } })
    return { minutes: within('minutes', values.minutes, 1, 1440), warmUp: within('warm-up', values['warm-up'], 0, 120), calls: within('calls', values.calls, 1, 100), help: values.help }
  } catch (error) {
    throw new OperatorError(`${(error as Error).message}\nTry --help.`, 2)
  }
}

function within (name: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(number >= least && number <= most)) throw new Error(`--${name} takes a whole number from ${least} to ${most}`)
  return number
}
