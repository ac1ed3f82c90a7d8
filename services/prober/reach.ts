import type { UrlProbe } from '../domain/health.ts'
import { reachesAnything } from '../policy/judge-health.ts'

/** Probes that began together. Moments are counted, not read off a clock: all that matters is what came before what. */
export interface Probing {
  readonly probes: Promise<UrlProbe[]>
  readonly begunAt: number
  /** Infinity while it is under way */
  readonly endedAt: number
}

interface Round extends Probing { found: readonly UrlProbe[] }

/**
 * Whether this vantage point reaches anything, by what the probes of all nodes found. A node that does not answer is the
 * cut-off vantage point's own silence, unless something else was reached in the same time.
 */
export function createReach () {
  let moment = 0
  /** the last that has ended, by node; '' is what lies outside the fleet */
  const ended = new Map<string, Round>()
  const underWay = new Set<Promise<unknown>>()

  const reached = (since: number): boolean => reachesAnything([...ended.values()].flatMap(({ begunAt, found }) => begunAt > since ? found : []))

  return {
    begin (of: string, probes: ReadonlyArray<Promise<UrlProbe>>): Probing {
      const round: { -readonly [Key in keyof Round]: Round[Key] } = { probes: Promise.all(probes), begunAt: ++moment, endedAt: Infinity, found: [] }
      round.probes = round.probes.then(found => {
        round.found = found
        round.endedAt = ++moment
        ended.set(of, round)
        return found
      }).finally(() => { underWay.delete(round.probes) })
      underWay.add(round.probes)
      return round
    },

    forget: (node: string): void => { ended.delete(node) },

    /** By the last probes of all. */
    get reaches (): boolean { return reached(-1) },

    /**
     * Whether any probe that began after that moment was answered. Waits for those under way where none was so far: of
     * nodes probed in turn the next may be the first to answer.
     */
    reachedSince: async (since = -1): Promise<boolean> => {
      if (reached(since)) return true
      await Promise.allSettled(underWay)
      return reached(since)
    }
  }
}
