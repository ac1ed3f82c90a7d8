import { parseArgs } from 'node:util'
import { compareCounts } from './demo/compare-prometheus.ts'
import { environmentFor, NODES } from './demo/demo-settings.ts'
import { FULL_SECONDS, LEAST_SECONDS, planDemo } from './demo/plan-demo.ts'
import { runPhases } from './demo/run-phases.ts'
import { showCounts, showPlaces, stay } from './demo/show.ts'
import { CallLoad } from './live/call-load.ts'
import { builtDashboards } from './live/dashboards/grafana-model.ts'
import { checkLive, toTable } from './live/dashboards/check-live.ts'
import { rightlyEmpty } from './live/dashboards/rightly-empty.ts'
import { openLiveStack } from './live/live-stack.ts'
import type { LiveStack } from './live/live-stack.ts'
import { SCRAPE_SECONDS, startPrometheus } from './live/prometheus.ts'
import { abortOnSignal } from './native/abort-on-signal.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'

const HELP = `usage: npm run demo -- [options]

Three small relays in two regions, stand-ins for Cloudflare and Twilio, and a Prometheus with our rules and alerts. Real
calls through issued credentials rise, fill the relays, spill, lose a relay and recover, while you look. In the end the
clients' own count of bytes is compared with the ledger and with Prometheus. Stops by itself and leaves nothing behind;
ports are free ones, so it is in nobody's way. Needs coturn, redis-server and prometheus.

  --seconds N   how long the calls go on, ${LEAST_SECONDS} to 3600; starting and comparing take half a minute more (300)
  --check       every query of every dashboard is asked of that Prometheus, as Grafana would; printed as a table
  --keep        everything but the calls stays up in the end, until Ctrl-C
  --json        a report as JSON on standard output; what happens meanwhile goes to standard error
  --help        print this

Exit code 0: all three counts agree within 1 %, and to the byte of every session that ended in good order. 1: otherwise.
`
/** Small packets, so that coturn, which counts to 4096 of them, tells of a call soon. */
const RATE = { bitsPerSecond: 200_000, payloadBytes: 240 }
/** A third of the demo, so that most of what runs is known; within what a permission holds without a refresh (300 s). */
const meanCallSeconds = (seconds: number): number => Math.min(150, Math.max(30, seconds / 3))
/** The header of ChannelData (RFC 8656 section 12.4). */
const HEADER_BYTES = 4
const APPS = [{ id: 'meet', region: 'eu', weight: 3 }, { id: 'support', region: 'us', weight: 1 }, { id: 'game', region: 'eu', weight: 1 }]
await runCommand(async () => {
  const { seconds, check, keep, json, help } = readArguments()
  const say = (text: string): void => { (json ? process.stderr : process.stdout).write(`${text}\n`) }
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  process.umask(0o077)
  const { signal } = abortOnSignal()
  const stack = await openLiveStack({ nodes: NODES, environment: environmentFor(seconds), signal, say: (part, what) => { say(`${part.padEnd(20)} ${what}`) } })
  try {
    const prometheus = await startPrometheus(stack)
    const apps = []
    for (const { id, ...more } of APPS) apps.push({ ...await stack.createApp(id), ...more })
    await setBudgets(stack)
    say(showPlaces(stack, prometheus.url))
    const fromMs = Date.now()
    let toMs = fromMs
    const load = new CallLoad({ api: stack.api, apps, rate: RATE, meanSeconds: meanCallSeconds(seconds) })
    try {
      await runPhases({ stack, load, prometheus, signal, say }, planDemo(seconds))
      toMs = Date.now()
    } finally {
      await load.stop()
    }
    signal.throwIfAborted()
    const { problems, ...counts } = await compareCounts({ stack, load, prometheus, seconds, packetBytes: RATE.payloadBytes + HEADER_BYTES })
    const dashboards = check ? await checkLive(builtDashboards(), prometheus, { from: fromMs / 1000, to: toMs / 1000, scrapeSeconds: SCRAPE_SECONDS }, rightlyEmpty(seconds < FULL_SECONDS)) : undefined
    const failures = [...problems, ...dashboards?.problems ?? [], ...[...load.failures].map((failure) => `a call failed: ${failure}`)]
    say(showCounts(counts))
    if (dashboards) say(`\n${toTable(dashboards)}`)
    if (json) process.stdout.write(`${JSON.stringify({ seconds, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), prometheus: prometheus.url, issued: load.issued, dropped: load.dropped, unanswered: load.unanswered, ...counts, queries: dashboards?.ran, problems: failures }, null, 2)}\n`)
    say(failures.length === 0 ? 'all three agree' : `failed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`)
    if (keep) {
      say('everything stays up: Ctrl-C stops it')
      await stay(signal)
    }
    return failures.length === 0 ? 0 : 1
  } catch (error) {
    if (!signal.aborted) throw error
    say('stopping')
    return 130
  } finally {
    await stack.close()
  }
})

/** So that there is something to be used up: one that only tells, and one that denies, after which its app is served by own relays alone, however full. */
async function setBudgets ({ admin }: LiveStack): Promise<void> {
  await admin('PUT', '/budgets', { dayMicroUsd: '20000000', monthMicroUsd: '300000000' })
  await admin('PUT', '/budgets?app=game', { dayMicroUsd: '50000', action: 'warn' })
  await admin('PUT', '/budgets?app=support', { dayMicroUsd: '1000', action: 'deny-spill' })
}

function readArguments () {
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, check: flag, keep: flag, json: flag, help: flag } })
    const seconds = /^\d{1,4}$/.test(values.seconds) ? Number(values.seconds) : NaN
    if (!(seconds >= LEAST_SECONDS && seconds <= 3600)) throw new Error(`--seconds takes a whole number from ${LEAST_SECONDS} to 3600`)
    return { ...values, seconds }
  } catch (error) {
    throw new OperatorError(`demo: ${(error as Error).message}\nTry --help.`, 2)
  }
}
