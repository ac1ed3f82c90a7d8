import type { NodeHealth, UrlHealth, UrlProbe } from '../../../services/domain/health.ts'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { createFleetProber, PROBE_INTERVAL_MS } from '../../../services/prober/probe-fleet.ts'
import type { ProbeCredential } from '../../../services/store/probe-credentials.ts'

export const UDP = 'turn:192.0.2.1:3478?transport=udp'
export const TCP = 'turn:192.0.2.1:3478?transport=tcp'
export const START_MS = 1_000_000

export const node = (id: string, { urls = [UDP], desired = {}, admitting }: { urls?: string[], desired?: Partial<DesiredNode>, admitting?: boolean } = {}): NodeFacts =>
  ({ id, desired: { ...newDesired('0123456789abcdef'), ...desired }, observed: { region: 'eu', urls, admitting } as ObservedNode })
export const credential = (expiresAtMs = START_MS + 3_600_000): ProbeCredential =>
  ({ username: 'u', password: 'p', expiresAtMs, generation: 1, keyId: '0123456789abcdef' })
export const good = (url: string): UrlProbe => ({ url, failure: null, answered: true, bindingMs: 1, allocateMs: 2, relayMs: 3, packetsSent: 5, packetsReceived: 5, certificateExpiresAtMs: null })
export const dead = (url: string): UrlProbe => ({ url, failure: { stage: 'binding', cause: 'timeout', code: null }, answered: false, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null })

export const refusing = (url: string): UrlProbe => ({ ...good(url), failure: { stage: 'allocate', cause: 'quota', code: 486 }, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0 })
/** Something outside the fleet that answers. */
export const OUTSIDE = [Promise.resolve(good('stun:192.0.2.9:3478'))]
export const turn = async () => { await new Promise(resolve => { setImmediate(resolve) }) }

/** A prober whose relays answer as `answer` says; `said` is what it said before it was started anew. */
export function setUp (answer: (url: string) => UrlProbe | Promise<UrlProbe>, said: (node: string) => NodeHealth | undefined = () => undefined) {
  const clock = { nowMs: START_MS }
  const asked: Array<{ url: string, allocates: boolean }> = []
  const published: Array<[node: string, health: NodeHealth]> = []
  const judged: Array<[node: string, before: UrlHealth | undefined, after: UrlHealth]> = []
  const errors: Error[] = []
  const retracted: string[] = []
  const centre = { isAway: false }
  const prober = createFleetProber({
    probe: async (url, own) => {
      asked.push({ url, allocates: own !== undefined })
      return await answer(url)
    },
    recall: async node => said(node),
    publish: async (node, health) => { published.push([node, health]) },
    retract: async node => {
      retracted.push(node)
      if (centre.isAway) throw new Error('away')
    },
    onJudged: ({ id }, before, after) => { judged.push([id, before, after]) },
    onError: error => { errors.push(error) },
    now: () => clock.nowMs
  })
  const credentials = new Map<string, ProbeCredential>()
  /** one look of the process, and all that it began */
  const look = async (...nodes: NodeFacts[]) => {
    prober.begin(nodes, credentials)
    await prober.idle()
  }
  /** looks of as many probe intervals, something outside the fleet answering in each; the state of each URL behind the last */
  const rounds = async (count: number, ...nodes: NodeFacts[]) => {
    for (let round = 0; round < count; round++) {
      await prober.compare(OUTSIDE)
      await look(...nodes)
      clock.nowMs += PROBE_INTERVAL_MS
    }
    return published.at(-1)?.[1].urls.map(({ state }) => state)
  }
  return { prober, clock, asked, published, judged, errors, retracted, centre, credentials, look, rounds }
}
