/** What an operator may set of the policy; the rest are constants with their reasons. */
export interface Policy {
  /** share of its capacity at which a node counts as saturated, and at which no longer */
  enter: number
  leave: number
  /** the least time between two changes of that, in ms */
  dwellMs: number
  /** how long a new or healed node takes to its full share, in ms */
  rampMs: number
  /** of a region, those to turn to when it has no node, the nearest first */
  neighbours: ReadonlyMap<string, readonly string[]>
  /** where clients are taken to be that say nothing else */
  defaultRegion: string | undefined
}

export const DEFAULT_POLICY: Policy = { enter: 0.9, leave: 0.75, dwellMs: 30_000, rampMs: 60_000, neighbours: new Map(), defaultRegion: undefined }
