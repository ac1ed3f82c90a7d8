/**
 * From a credential to the allocation its client makes with it, and to the agent that hears of it: a heartbeat tells of
 * what was promised longer ago than this.
 */
const CLAIM_MS = 2_000
/** A promise that is this old is kept or forgotten, whatever heartbeats say: clients gather candidates within seconds. */
export const PROMISE_MS = 30_000

/** Allocations promised on one node, by the second in which they were: `[second, count]`, the oldest first. */
type Seconds = Array<[second: number, count: number]>

/** Promises of other control planes: node -> what they promised. */
export type Promises = ReadonlyMap<string, ReadonlyArray<readonly [second: number, count: number]>>

/** How many allocations are promised on a node that its heartbeat cannot tell of yet. */
export type Promised = (node: string) => number

export const nothingPromised: Promised = () => 0

/** What of a snapshot says which promises still stand. */
export interface FleetSeen {
  nodes: ReadonlyArray<{ id: string, beat: number }>
  promises: Promises
}

/** Allocations promised to clients with credentials, until the heartbeats of their nodes tell of them. */
export class PromiseBook {
  readonly #own = new Map<string, Seconds>()
  readonly #beats = new Map<string, { beat: number, sinceSecond: number }>()
  /** what counts now, own and others' */
  readonly #standing = new Map<string, number>()
  /** own ones that other control planes have not been told of */
  #untold = new Map<string, Map<number, number>>()

  /** A credential names a node with so many URLs, each of which is an allocation for a while. */
  promise (node: string, count: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    const seconds = this.#own.get(node)
    const last = seconds?.at(-1)
    if (!seconds) this.#own.set(node, [[second, count]])
    else if (last?.[0] === second) last[1] += count
    else seconds.push([second, count])
    this.#standing.set(node, (this.#standing.get(node) ?? 0) + count)
    const untold = this.#untold.get(node) ?? new Map<number, number>()
    this.#untold.set(node, untold.set(second, (untold.get(second) ?? 0) + count))
  }

  /** What to tell the others; it counts as told from now on. */
  takeUntold (): Array<[node: string, second: number, count: number]> {
    const untold = [...this.#untold].flatMap(([node, seconds]) => [...seconds].map(([second, count]): [string, number, number] => [node, second, count]))
    this.#untold = new Map()
    return untold
  }

  /** With each snapshot: what its heartbeats tell of is promised no more. */
  follow ({ nodes, promises: others }: FleetSeen, nowMs: number): void {
    const oldest = Math.floor((nowMs - PROMISE_MS) / 1000)
    for (const { id, beat } of nodes) {
      const known = this.#beats.get(id)
      if (known?.beat !== beat) this.#beats.set(id, { beat, sinceSecond: Math.floor((nowMs - CLAIM_MS) / 1000) })
      const since = Math.max(oldest, this.#beats.get(id)?.sinceSecond ?? 0)
      const own = (this.#own.get(id) ?? []).filter(([second]) => second >= since)
      if (own.length > 0) this.#own.set(id, own)
      else this.#own.delete(id)
      const standing = [...own, ...others.get(id) ?? []].reduce((sum, [second, count]) => second >= since ? sum + count : sum, 0)
      this.#standing.set(id, standing)
    }
    for (const id of this.#standing.keys()) {
      if (nodes.some(node => node.id === id)) continue
      for (const held of [this.#own, this.#beats, this.#standing]) held.delete(id)
    }
  }

  readonly promised: Promised = node => this.#standing.get(node) ?? 0
}
