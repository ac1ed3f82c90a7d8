import type { NodeHealth, UrlHealth, UrlProbe } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import { judgeBinding, judgeHealth } from '../policy/judge-health.ts'
import type { ProbeCredential } from '../store/probe-credentials.ts'
import { createReach } from './reach.ts'
import type { Probing } from './reach.ts'

/** From the start of one probe of a node to the next. */
export const PROBE_INTERVAL_MS = 5_000
/** Nodes probed at a time: more would measure how busy this process is. */
const NODES_AT_ONCE = 16

export interface FleetProberOptions {
  /** @param credential none: STUN Binding only */
  probe: (url: string, credential: ProbeCredential | undefined) => Promise<UrlProbe>
  /** What this prober has said of a node before it was started anew; rejects where that cannot be known now. */
  recall: (node: string) => Promise<NodeHealth | undefined>
  publish: (node: string, health: NodeHealth) => Promise<unknown>
  /** Takes back what was said of a node that has left. */
  retract: (node: string) => Promise<unknown>
  onJudged: (node: NodeFacts, before: UrlHealth | undefined, after: UrlHealth) => void
  onError: (error: Error) => void
  now: () => number
}

interface ProbedNode {
  dueAtMs: number
  /** grows with each probe; begins with the clock, so that a prober started again does not repeat itself */
  beat: number
  /** by URL, in the order they are advertised; undefined until it is known what was said before */
  urls: Map<string, UrlHealth> | undefined
  last: Probing | undefined
}

/**
 * probe -> judge -> publish, each node by itself, so that none waits for a dead one. A node is probed on all URLs it
 * advertises at once, and again five seconds after that began.
 */
export function createFleetProber ({ probe, recall, publish, retract, onJudged, onError, now }: FleetProberOptions) {
  const probed = new Map<string, ProbedNode>()
  const running = new Map<string, Promise<void>>()
  /** nodes that have left, until what was said of them is taken back */
  const leaving = new Set<string>()
  const reach = createReach()

  async function probeNode (node: NodeFacts, state: ProbedNode, credential: ProbeCredential | undefined): Promise<void> {
    // a node that is condemned stays so when the prober is started anew
    const before = state.urls ??= new Map((await recall(node.id))?.urls.map(health => [health.url, health]))
    const probing = reach.begin(node.id, node.observed?.urls.map(async url => await probe(url, credential)) ?? [])
    const found = (await probing.probes).map(last => {
      const held = before.get(last.url)
      return { last, held, judged: credential === undefined ? judgeBinding(held, last) : judgeHealth(held, last) }
    })
    const condemns = found.some(({ held, judged }) => judged?.state === 'bad' && held?.state !== 'bad')
    const reaches = await reach.reachedSince(condemns ? state.last?.endedAt : state.last?.begunAt)
    state.last = probing
    if (probed.get(node.id) !== state) return reach.forget(node.id)

    state.urls = new Map(found.flatMap(({ last, held, judged }) => {
      // what was found by one who is cut off himself says nothing of the node
      const after = reaches ? judged : untold(held, last)
      if (after) onJudged(node, held, after)
      return after ? [[last.url, after]] : []
    }))
    state.beat += 1
    await publish(node.id, { beat: state.beat, reaches, urls: [...state.urls.values()] })
  }

  function run (id: string, work: Promise<unknown>): void {
    running.set(id, work.then(() => {}, onError).finally(() => { running.delete(id) }))
  }

  function forgetLeft (nodes: readonly NodeFacts[]): void {
    const known = new Set(nodes.map(({ id }) => id))
    for (const id of probed.keys()) {
      if (known.has(id)) continue
      probed.delete(id)
      reach.forget(id)
      leaving.add(id)
    }
    for (const id of leaving) {
      if (known.has(id)) leaving.delete(id)
      // behind a probe under way, which may be telling what it found
      else if (!running.has(id)) run(id, retract(id).then(() => leaving.delete(id)))
    }
  }

  return {
    /** Probes outside the fleet that begin now: they tell whether this vantage point reaches anything. */
    compare: async (probes: ReadonlyArray<Promise<UrlProbe>>): Promise<void> => { await reach.begin('', probes).probes },

    get reaches (): boolean { return reach.reaches },

    /** What is held of the URLs of a node. */
    healthOf: (node: string): Iterable<UrlHealth> => probed.get(node)?.urls?.values() ?? [],

    /** Begins with the nodes that are due, the longest due first, and takes back what was said of those that have left. */
    begin (nodes: readonly NodeFacts[], credentials: ReadonlyMap<string, ProbeCredential>): void {
      const nowMs = now()
      forgetLeft(nodes)
      const due = nodes.flatMap(node => {
        if (!node.observed || running.has(node.id)) return []
        const state = probed.get(node.id) ?? { dueAtMs: nowMs, beat: nowMs, urls: undefined, last: undefined }
        probed.set(node.id, state)
        return state.dueAtMs <= nowMs ? [{ node, state }] : []
      }).sort((a, b) => a.state.dueAtMs - b.state.dueAtMs)

      for (const { node, state } of due.slice(0, Math.max(0, NODES_AT_ONCE - running.size))) {
        state.dueAtMs = nowMs + PROBE_INTERVAL_MS
        run(node.id, probeNode(node, state, usable(node, credentials.get(node.id), nowMs)))
      }
    },

    /** Resolves when no probe is under way. */
    idle: async (): Promise<void> => { await Promise.all(running.values()) }
  }
}

/** None where coturn refuses allocations by wish, which it does for some seconds behind the end of a drain as well. */
const usable = ({ desired, observed }: NodeFacts, credential: ProbeCredential | undefined, nowMs: number): ProbeCredential | undefined =>
  desired.draining === undefined && observed?.admitting !== false && credential !== undefined && credential.expiresAtMs > nowMs ? credential : undefined

const untold = (held: UrlHealth | undefined, last: UrlProbe): UrlHealth =>
  held ? { ...held, last } : { url: last.url, state: 'unknown', failure: last.failure, goodInARow: 0, badInARow: 0, last }
