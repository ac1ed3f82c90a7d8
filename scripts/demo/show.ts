import { once } from 'node:events'
import type { LiveStack } from '../live/live-stack.ts'
import type { Counts } from './compare-prometheus.ts'

const GRAPHS = {
  'relayed, by node': 'max by (node) (spillway_node_relay_bits_per_second)',
  'who serves': 'sum by (provider) (rate(spillway_decisions_total[20s]))',
  'how full': 'max by (node) (spillway_node_load_ratio)'
}

/** Where to look while it runs. */
export function showPlaces ({ api, metricsUrls, settings }: LiveStack, prometheusUrl: string): string {
  const graphs = Object.entries(GRAPHS).map(([name, expr]) => [`  ${name}`, `${prometheusUrl}/graph?${new URLSearchParams({ 'g0.expr': expr, 'g0.tab': '0', 'g0.range_input': '5m' })}`])
  const places = [
    ['api', api],
    ['admin API', `${metricsUrls['control-plane'][0]}/docs, with the token in ${settings.stateFolder}/admin-token`],
    ['prometheus', `${prometheusUrl}/alerts, and as graphs`],
    ...graphs
  ]
  return `\n${places.map(([name = '', place]) => `${name.padEnd(20)} ${place}`).join('\n')}\n`
}

/** What each of them has counted, one line each. */
export function showCounts ({ clientBytes, ledgerBytes, prometheusBytes, sessions, lostSessions, lostBytes, differing, spend }: Omit<Counts, 'problems'>): string {
  const beside = (bytes: number): string => `${bytes} bytes, ${((bytes / clientBytes - 1) * 100).toFixed(3)} %`
  return [
    `\nclients             ${clientBytes} bytes in ${sessions} sessions, ${lostSessions} of them cut off by the death of their relay, and ${lostBytes} bytes with them`,
    `ledger              ${beside(ledgerBytes)}; of ${differing.length} sessions that ended in good order it says something else`,
    ...Object.entries(prometheusBytes).map(([name, bytes]) => `${name.padEnd(20)}${beside(bytes)}`),
    `spent on paid relays $${spend.ledgerMicroUsd / 1e6} by the ledger, $${spend.prometheusMicroUsd / 1e6} by Prometheus`
  ].join('\n')
}

/** Until it is told to stop. */
export async function stay (signal: AbortSignal): Promise<void> {
  const hold = setInterval(() => {}, 60_000)
  if (!signal.aborted) await once(signal, 'abort')
  clearInterval(hold)
}
