import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { CallLoad } from '../live/call-load.ts'
import type { LiveStack } from '../live/live-stack.ts'
import type { Prometheus } from '../live/prometheus.ts'
import { call } from '../native/admin-api.ts'
import type { Deed, Phase } from './plan-demo.ts'

const STEP_MS = 500

export interface Demo { stack: LiveStack, load: CallLoad, prometheus: Prometheus, signal: AbortSignal, say: (text: string) => void }

/** One phase after the other; before each what is to be seen, behind it what it came to. Ends early on abort. */
export async function runPhases (demo: Demo, phases: readonly Phase[]): Promise<void> {
  const { load, signal, say } = demo
  const startMs = performance.now()
  for (const { name, seconds, calls: [from, to], deeds, see } of phases) {
    const beginMs = performance.now()
    const before = { ...load.issued }
    say(`${clock(beginMs - startMs)}  ${name.padEnd(9)} ${see}`)
    for (const deed of deeds) await doIt(deed, demo)
    for (;;) {
      const share = Math.min(1, (performance.now() - beginMs) / 1000 / seconds)
      load.want(Math.round(from + (to - from) * share))
      if (share >= 1 || signal.aborted) break
      await delay(STEP_MS, undefined, { signal }).catch(() => {})
    }
    if (signal.aborted) return
    say(`       ${''.padEnd(9)} ${await figures(demo, before)}`)
  }
}

async function doIt (deed: Deed, { stack, signal }: Demo): Promise<void> {
  const fake = async (method: string, body?: object): Promise<void> => { await fetch(`${stack.fakes.cloudflare}/_fake`, { method, ...body ? { body: JSON.stringify(body) } : {}, signal }) }
  switch (deed) {
    case 'fail-cloudflare': return await fake('PUT', { mode: 'server-error' })
    case 'mend-cloudflare': return await fake('PUT', { mode: 'ok' })
    case 'kill-relay': return stack.killRelay('node-2')
    case 'restart-relay': return await stack.restart('node-2-coturn')
    case 'drain': return await stack.admin('PATCH', '/nodes/node-3', { draining: true })
    case 'use-wrong-key':
      await call('POST', `${stack.api}/v1/credentials`, `sk_${randomBytes(32).toString('base64url')}`, {})
      return
    case 'undrain': return await stack.admin('PATCH', '/nodes/node-3', { draining: false })
  }
}

/** What Prometheus says now, and what the load client has of the phase. */
async function figures ({ load, prometheus }: Demo, before: Record<string, number>): Promise<string> {
  const [bits = 0, up = 0, spent = 0] = await Promise.all([
    'sum(max by (node) (spillway_node_relay_bits_per_second))',
    'sum(max by (node) (spillway_node_up))',
    'max(spillway_spend_usd{app="_all",period="day"})'
  ].map(prometheus.number))
  const issued = Object.entries(load.issued).map(([provider, count]) => `${count - (before[provider] ?? 0)} ${provider}`).join(', ')
  const alerts = await prometheus.firingAlerts()
  return `${load.relayed} calls relayed, ${load.spilled} spilled; ${up} of 3 nodes serve ${(bits / 1e6).toFixed(1)} Mbit/s; credentials: ${issued}; spent $${spent.toFixed(4)}` +
    (alerts.length > 0 ? `; firing: ${alerts.join(', ')}` : '')
}

const clock = (ms: number): string => `${String(Math.floor(ms / 60_000)).padStart(2)}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`
