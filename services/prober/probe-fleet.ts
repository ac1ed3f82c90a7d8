import type { NodeHealth, UrlHealth, UrlProbe } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import { judgeHealth, reachesAnything } from '../policy/judge-health.ts'
import type { ProbeCredential } from '../store/probe-credentials.ts'

/** From the start of one probe of a node to the next. */
export const PROBE_INTERVAL_MS = 5_000
/** Nodes probed at a time: more would measure how busy this process is. */
const NODES_AT_ONCE = 16

export interface FleetProberOptions {
  /** @param credential none: STUN Binding only */
  probe: (url: string, credential: ProbeCredential | undefined) => Promise<UrlProbe>
  publish: (node: string, health: NodeHealth) => Promise<unknown>
  onJudged: (node: NodeFacts, before: UrlHealth | undefined, after: UrlHealth) => void
  onError: (error: Error) => void
  now: () => number
}

interface ProbedNode {
  dueAtMs: number
  /** grows with each probe; begins with the clock, so that a prober started again does not repeat itself */
  beat: number
  /** by URL, in the order they are advertised */
  urls: Map<string, UrlHealth>
  last: readonly UrlProbe[]
}

/**
 * probe -> judge -> publish, each node by itself, so that none waits for a dead one. A node is probed on all URLs it
 * advertises at once, and again five seconds after that began.
 */
export function createFleetProber ({ probe, publish, onJudged, onError, now }: FleetProberOptions) {
  const probed = new Map<string, ProbedNode>()
  const running = new Map<string, Promise<void>>()
  let references: readonly UrlProbe[] = []

  const reaches = (): boolean => reachesAnything([...references, ...[...probed.values()].flatMap(({ last }) => last)])

  async function probeNode (node: NodeFacts, state: ProbedNode, credential: ProbeCredential | undefined): Promise<void> {
    const urls = node.observed?.urls ?? []
    state.last = await Promise.all(urls.map(async url => await probe(url, credential)))
    const judged = new Map<string, UrlHealth>()
    for (const last of state.last) {
      const before = state.urls.get(last.url)
      const after = judge(before, last, credential !== undefined)
      if (!after) continue
      judged.set(last.url, after)
      onJudged(node, before, after)
    }
    state.urls = judged
    state.beat += 1
    await publish(node.id, { beat: state.beat, reaches: reaches(), urls: [...judged.values()] })
  }

  return {
    /** What was found outside the fleet: it tells whether this vantage point reaches anything. */
    compare: (probes: readonly UrlProbe[]): void => { references = probes },

    get reaches (): boolean { return reaches() },

    /** What is held of the URLs of a node. */
    healthOf: (node: string): Iterable<UrlHealth> => probed.get(node)?.urls.values() ?? [],

    /** Begins with the nodes that are due, the longest due first. */
    begin (nodes: readonly NodeFacts[], credentials: ReadonlyMap<string, ProbeCredential>): void {
      const nowMs = now()
      for (const id of probed.keys()) if (!nodes.some(node => node.id === id)) probed.delete(id)
      const due = nodes.flatMap(node => {
        if (!node.observed || running.has(node.id)) return []
        const state = probed.get(node.id) ?? { dueAtMs: nowMs, beat: nowMs, urls: new Map(), last: [] }
        probed.set(node.id, state)
        return state.dueAtMs <= nowMs ? [{ node, state }] : []
      }).sort((a, b) => a.state.dueAtMs - b.state.dueAtMs)

      for (const { node, state } of due.slice(0, NODES_AT_ONCE - running.size)) {
        state.dueAtMs = nowMs + PROBE_INTERVAL_MS
        const credential = credentials.get(node.id)
        const usable = node.desired.draining === undefined && credential !== undefined && credential.expiresAtMs > nowMs
        running.set(node.id, probeNode(node, state, usable ? credential : undefined).catch(onError).finally(() => { running.delete(node.id) }))
      }
    },

    /** Resolves when no probe is under way. */
    idle: async (): Promise<void> => { await Promise.all(running.values()) }
  }
}

/** Binding alone proves that a node is dead, never that it is well: it answers while Allocate is refused. */
function judge (before: UrlHealth | undefined, last: UrlProbe, allocated: boolean): UrlHealth | undefined {
  if (!allocated && last.failure === null) return before && { ...before, last }
  return judgeHealth(before, last)
}
