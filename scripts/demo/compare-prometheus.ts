import { setTimeout as delay } from 'node:timers/promises'
import { compareWithLedger } from '../live/compare-ledger.ts'
import type { Comparison } from '../live/compare-ledger.ts'
import type { CallLoad } from '../live/call-load.ts'
import type { LiveStack } from '../live/live-stack.ts'
import { SCRAPE_SECONDS } from '../live/prometheus.ts'
import type { Prometheus } from '../live/prometheus.ts'
import { until } from '../until.ts'
import { FULL_SECONDS } from './plan-demo.ts'

/** A ledger reads its gauges anew every few seconds; then Prometheus has to come by. */
const SHOWN_MS = 30_000
const LOOK_MS = 1_000

/** What three of them say of the same bytes and the same money. */
export interface Counts extends Comparison {
  /** by the counter of what was booked, and by the gauge out of the ledger */
  prometheusBytes: { relay_bytes_total: number, relay_bytes_today: number }
  /** spent today on paid providers, micro-USD: by the budgets of the admin API, and by Prometheus */
  spend: { ledgerMicroUsd: number, prometheusMicroUsd: number }
  problems: string[]
}

/** Client, ledger and Prometheus must agree so far; a short demo is forgiven what died with a relay. */
const MOST_APART = 0.01
/** coturn reports a session when its four packet counters together have grown by 4096, half of which are of the client's side. */
const MOST_UNREPORTED_PACKETS = 2048

export interface Compared {
  stack: LiveStack
  load: CallLoad
  prometheus: Prometheus
  /** how long calls went on */
  seconds: number
  /** of a packet on its way, with its framing */
  packetBytes: number
}

/** Compares once nothing is under way any more. */
export async function compareCounts ({ stack, load, prometheus, seconds, packetBytes }: Compared): Promise<Counts> {
  const comparison = await compareWithLedger(stack, load)
  const apps = [...load.sessions.keys()].join('|')
  const bytes = async (name: string): Promise<number> => await prometheus.number(`sum(max by (app, region, direction) (spillway_${name}{provider="coturn", app=~"${apps}"}))`) ?? 0
  const read = async () => ({
    prometheusBytes: { relay_bytes_total: await bytes('relay_bytes_total'), relay_bytes_today: await bytes('relay_bytes_today') },
    spend: { ledgerMicroUsd: await readSpend(stack), prometheusMicroUsd: Math.round(1e6 * (await prometheus.number('max(spillway_spend_usd{app="_all", period="day"})') ?? NaN)) }
  })
  let counts = await read()
  await until('Prometheus has what the ledger has', async () => {
    counts = await read()
    return Object.values(counts.prometheusBytes).every((one) => one === comparison.ledgerBytes) && counts.spend.ledgerMicroUsd === counts.spend.prometheusMicroUsd
  }, SHOWN_MS, LOOK_MS).catch(() => {})
  await delay(SCRAPE_SECONDS * 1000)
  return { ...comparison, ...counts, problems: findProblems(comparison, counts, { forgiven: seconds < FULL_SECONDS ? comparison.lostBytes : 0, packetBytes }) }
}

function findProblems ({ clientBytes, ledgerBytes, differing, sessions, lostSessions, lostBytes }: Comparison, { prometheusBytes, spend }: Pick<Counts, 'prometheusBytes' | 'spend'>, { forgiven, packetBytes }: { forgiven: number, packetBytes: number }): string[] {
  const apart = (bytes: number): boolean => !(Math.abs((bytes + forgiven) / clientBytes - 1) <= MOST_APART)
  return [
    ...sessions > 0 ? [] : ['nothing was relayed'],
    ...differing.length === 0 ? [] : [`of ${differing.length} sessions that ended in good order the ledger does not say what the clients do`],
    ...lostBytes <= lostSessions * MOST_UNREPORTED_PACKETS * packetBytes ? [] : [`${lostBytes} bytes of ${lostSessions} sessions that died with their relay are not in the ledger: more than coturn keeps to itself`],
    ...apart(ledgerBytes) ? [`the ledger has ${ledgerBytes} bytes, the clients ${clientBytes}`] : [],
    ...Object.entries(prometheusBytes).flatMap(([name, bytes]) => apart(bytes) ? [`Prometheus has ${bytes} bytes in spillway_${name}, the clients ${clientBytes}`] : []),
    ...spend.ledgerMicroUsd === spend.prometheusMicroUsd ? [] : [`Prometheus has a spend of ${spend.prometheusMicroUsd} micro-USD, the ledger ${spend.ledgerMicroUsd}`],
    ...spend.ledgerMicroUsd > 0 ? [] : ['nothing was spent: there was no spill']
  ]
}

async function readSpend (stack: LiveStack): Promise<number> {
  const { budgets } = await stack.admin<{ budgets: Array<{ app: string | null, day: { bookedMicroUsd: string } }> }>('GET', '/budgets')
  return Number(budgets.find(({ app }) => app === null)?.day.bookedMicroUsd ?? NaN)
}
