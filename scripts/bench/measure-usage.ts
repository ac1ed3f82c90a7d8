import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { freePort } from '../free-port.ts'
import { readSecret } from '../native/private-files.ts'
import { until } from '../until.ts'
import { connectVoice, startAccounting } from './accounting.ts'
import type { Calls } from './calls.ts'
import { inPairs } from './in-pairs.ts'
import type { Lab } from './lab.ts'
import { cpuMicrosOf } from './process-cost.ts'
import { median, medians, ratios } from './summary.ts'

const CALLS = 2_000
/** coturn reports a voice call every twenty seconds: calls of a quarter of an hour. */
const REPORTS_A_CALL = 40
const REPORTS_A_REFRESH = 20
const MICROS_A_SECOND = 1_000_000
const HEARD_MS = 30_000
/** Each look is a connection that the measured subscriber has to answer. */
const LOOK_MS = 50

/** Events per CPU second of agent and ledger together, beside those of a subscriber that only hears them. */
export async function measureUsage (lab: Lab, pairs: number, note: (text: string) => void) {
  const line = await startAccounting(lab)
  const bare = await startBareSubscriber(lab)
  const measureOurs = async () => await measure(line.calls, [line.agent, line.ledger], async () => { await line.untilBooked('ended') })
  const measureBare = async () => await measure(bare.calls, [bare.pid], bare.untilHeard)
  // once unmeasured, for V8 to compile what it will compile
  await inPairs(1, measureOurs, measureBare)

  const trials = await inPairs(pairs, measureOurs, measureBare)
  const [ours, heard] = [trials.ours.map(rate), trials.bare.map(rate)]
  const cheapness = ratios(ours.map(({ eventsPerCpuSecond }) => eventsPerCpuSecond), heard.map(({ eventsPerCpuSecond }) => eventsPerCpuSecond))
  note(`usage: events per CPU second of ours over bare ${cheapness.join(' ')}`)
  const microsPerEvent = trials.ours.map(({ events, cpuMicros: [agent = NaN, ledger = NaN] }) => ({ agentMicrosPerEvent: agent / events, ledgerMicrosPerEvent: ledger / events }))
  return {
    ratio: median(cheapness),
    ours: { ...medians(ours), ...medians(microsPerEvent) },
    bare: medians(heard)
  }
}

interface Trial {
  events: number
  seconds: number
  /** of each process */
  cpuMicros: number[]
}

const rate = ({ events, seconds, cpuMicros }: Trial) => ({
  eventsPerCpuSecond: events / cpuMicros.reduce((sum, micros) => sum + micros, 0) * MICROS_A_SECOND,
  eventsPerSecond: events / seconds
})

async function measure (calls: Calls, pids: readonly number[], untilDone: () => Promise<void>): Promise<Trial> {
  const eventsBefore = calls.events
  const cpuBefore = pids.map(cpuMicrosOf)
  const began = performance.now()
  await calls.begin(CALLS)
  for (let report = 1; report <= REPORTS_A_CALL; report++) {
    await calls.report()
    if (report % REPORTS_A_REFRESH === 0) await calls.refresh()
  }
  await calls.end()
  await untilDone()
  return {
    events: calls.events - eventsBefore,
    seconds: (performance.now() - began) / 1000,
    cpuMicros: pids.map((pid, index) => cpuMicrosOf(pid) - (cpuBefore[index] ?? NaN))
  }
}

/** On a Redis of its own of the same configuration, so that it never hears what is measured of ours. */
async function startBareSubscriber (lab: Lab) {
  const node = 'node-2'
  await lab.start(`${node}-redis`)
  const port = await freePort()
  const pid = await lab.startBare('bare-subscriber', 'ledger', port, { REDIS_URL: readSecret(lab.paths.node(node).redisUrl) ?? '' })
  const calls = await connectVoice(lab, 1)
  const untilHeard = async (): Promise<void> => {
    await until('the bare subscriber has heard every event', async () => Number(await text(connect(port, '127.0.0.1'))) === calls.events, HEARD_MS, LOOK_MS)
  }
  return { pid, calls, untilHeard }
}
