import { readdirSync, readlinkSync } from 'node:fs'
import type { Test } from 'tap'
import { until } from '../../../../scripts/until.ts'
import type { UrlProbe } from '../../../../services/domain/health.ts'
import { probeUrl } from '../../../../services/prober/probe-url.ts'
import type { ProbeUrlOptions } from '../../../../services/prober/probe-url.ts'
import { PORT, TLS_PORT } from '../../../helpers/coturn-server.ts'
import type { CoturnServer } from '../../../helpers/coturn-server.ts'

export const DEADLINE_MS = 2_000
/** A test machine with more to do than it has cores wakes this process late; what forgot its deadline is later than that. */
const LATE_MS = 300

/** A test of one behaviour, run with the turnserver of that path, or with this machine's. */
export type Case = (t: Test, turnserver?: string) => Promise<void>

export const urlsOf = (host: string) => ({
  udp: `turn:${host}:${PORT}?transport=udp`,
  tcp: `turn:${host}:${PORT}?transport=tcp`,
  tls: `turns:${host}:${TLS_PORT}?transport=tcp`
})

export const failedAt = (stage: string, cause: string, code: number | null = null) => ({ stage, cause, code })

/** Probes, and sees that it took no longer than it may. */
export async function probe (t: Test, options: Pick<ProbeUrlOptions, 'url'> & Partial<ProbeUrlOptions>): Promise<UrlProbe> {
  const begun = performance.now()
  const found = await probeUrl({ credential: undefined, deadlineMs: DEADLINE_MS, ca: undefined, now: performance.now.bind(performance), ...options })
  const tookMs = Math.round(performance.now() - begun)
  t.ok(tookMs <= DEADLINE_MS + LATE_MS, `${options.url} took ${tookMs} ms`)
  return found
}

/** The sockets of this process, as the kernel counts them. */
export function openSockets (): number {
  const links = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return '' // of the reading of the folder itself
    }
  })
  return links.filter(link => link.startsWith('socket:')).length
}

/** coturn takes an allocation away about a second after its release, and its status key with it. */
export async function expectNothingHeld (coturn: CoturnServer): Promise<void> {
  await until('coturn holds no allocation', async () => (await coturn.allocations()).length === 0)
}

export function expectGood (t: Test, found: UrlProbe): void {
  t.match(found, { failure: null, answered: true, packetsSent: 10, packetsReceived: 10 }, found.url)
  for (const time of [found.bindingMs, found.allocateMs, found.relayMs]) t.ok(time !== null && time > 0 && time < DEADLINE_MS)
}
