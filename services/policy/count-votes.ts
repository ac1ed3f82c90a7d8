import type { NodeHealth, ProbeFailure, UrlState } from '../domain/health.ts'

/** What is held of one prober, by what it says of one node. */
export interface ProberView {
  name: string
  beat: number
  /** how long its beat has stood still, in time during which Redis could be read */
  quietMs: number
  /** its beat was seen to move: until then nobody knows how old its word is, so it is not yet heard and has no vote */
  isHeard: boolean
  /** false: it reaches nothing at all, so what it says is of itself */
  reaches: boolean
}

/** What the probers that have a vote say together of one URL. */
export interface UrlVote {
  url: string
  /** `unknown`: none of them has a verdict */
  state: UrlState
  /** probers with a verdict, and the names of those that say bad */
  voters: number
  against: readonly string[]
  /** what most of those found; of several the one whose prober comes first by name */
  failure: ProbeFailure | null
}

/** Three probe intervals. */
export const PROBER_SILENT_AFTER_MS = 15_000

/** By its name, sorted: the health of one node as its probers last told it. */
export type Health = ReadonlyMap<string, NodeHealth>

/** So long nobody restarts a prober; what it said is then of no use any more, and would stand in the list of probers for ever. */
export const PROBER_GONE_AFTER_MS = 3_600_000

export const isGone = ({ quietMs }: Pick<ProberView, 'quietMs'>): boolean => quietMs > PROBER_GONE_AFTER_MS
export const isSilent = ({ quietMs }: ProberView): boolean => quietMs > PROBER_SILENT_AFTER_MS
export const hasVote = (prober: ProberView): boolean => prober.isHeard && prober.reaches && !isSilent(prober)

/**
 * The probers of one node, with how long each has said nothing new. What is found with a node seen for the first time
 * may be days old; a live prober says something new within one probe interval.
 * @param before undefined: the node was not seen before
 * @param elapsedMs since `before`, none of it an outage
 */
export function watchProbers (before: readonly ProberView[] | undefined, health: Health, elapsedMs: number): ProberView[] {
  return [...health].map(([name, { beat, reaches }]): ProberView => {
    const known = before?.find(prober => prober.name === name)
    if (!known) return { name, beat, quietMs: 0, isHeard: before !== undefined, reaches }
    return known.beat === beat ? { ...known, quietMs: known.quietMs + elapsedMs, reaches } : { name, beat, quietMs: 0, isHeard: true, reaches }
  }).sort((a, b) => a.name < b.name ? -1 : 1)
}

/** One vote a URL, in the order they are advertised; what probers say of others, no longer advertised, is ignored. */
export function countVotes (urls: readonly string[], health: Health, probers: readonly ProberView[]): UrlVote[] {
  const voting = probers.filter(hasVote).map(({ name }) => ({ name, said: new Map(health.get(name)?.urls.map(found => [found.url, found])) }))
  return urls.map(url => {
    const verdicts = voting.flatMap(({ name, said }) => {
      const found = said.get(url)
      return found && found.state !== 'unknown' ? [{ name, ...found }] : []
    })
    const bad = verdicts.filter(({ state }) => state === 'bad')
    return {
      url,
      // most, not half: of two vantage points that disagree one is wrong, and the node may be well
      state: verdicts.length === 0 ? 'unknown' : bad.length * 2 > verdicts.length ? 'bad' : 'good',
      voters: verdicts.length,
      against: bad.map(({ name }) => name),
      failure: mostCommon(bad.map(({ failure }) => failure))
    }
  })
}

function mostCommon (failures: ReadonlyArray<ProbeFailure | null>): ProbeFailure | null {
  const counts = new Map<string, number>()
  for (const failure of failures) {
    const name = JSON.stringify(failure)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const most = Math.max(...counts.values())
  return failures.find(failure => counts.get(JSON.stringify(failure)) === most) ?? null
}
