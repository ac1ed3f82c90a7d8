import type { ProbeStage, UrlHealth, UrlProbe } from '../domain/health.ts'

/** Two probes: a lost packet condemns nobody, and a dead URL is in replies for no longer than two intervals. */
const BAD_AFTER = 2
/** Slower than to condemn: what comes and goes is to stay away. What never was good has not come and gone: once is enough. */
const GOOD_AFTER = 3

/**
 * What is held of a URL after one more probe of it. Quick to condemn, slow to forgive; one that is new is unknown until
 * it has been good once or bad twice.
 */
export function judgeHealth (previous: UrlHealth | undefined, probe: UrlProbe): UrlHealth {
  const isGood = probe.failure === null
  const goodInARow = isGood ? (previous?.goodInARow ?? 0) + 1 : 0
  const badInARow = isGood ? 0 : (previous?.badInARow ?? 0) + 1
  const goodAfter = previous?.state === 'bad' && previous.wasGood ? GOOD_AFTER : 1
  const state = badInARow >= BAD_AFTER ? 'bad' : goodInARow >= goodAfter ? 'good' : previous?.state ?? 'unknown'
  const wasGood = isGood || (previous?.wasGood ?? false)
  return { url: probe.url, state, failure: state === 'good' ? null : probe.failure ?? previous?.failure ?? null, goodInARow, badInARow, wasGood, last: probe }
}

/** Where a URL that failed there has recovered when it answers a Binding; what comes behind is not tried by one. */
const SEEN_BY_BINDING: readonly ProbeStage[] = ['resolve', 'connect', 'tls', 'binding']

/**
 * The same after a probe by Binding alone: it proves that a node is dead, never that it is well, for Binding is answered
 * while Allocate is refused. Of a URL that could not be reached and now is, nothing is known any more. Undefined where
 * nothing was held and there is nothing to say.
 */
export function judgeBinding (previous: UrlHealth | undefined, probe: UrlProbe): UrlHealth | undefined {
  if (probe.failure !== null) return judgeHealth(previous, probe)
  if (!previous) return undefined
  const held = { ...previous, badInARow: 0, last: probe }
  const { state, failure, goodInARow } = previous
  if (state !== 'bad' || !failure || !SEEN_BY_BINDING.includes(failure.stage)) return held
  return goodInARow + 1 < GOOD_AFTER ? { ...held, goodInARow: goodInARow + 1 } : { ...held, state: 'unknown', goodInARow: 0 }
}

/**
 * Whether a vantage point got any answer from anything in its last round: if not, it is the one that is cut off, and
 * what it says of others is no vote.
 */
export const reachesAnything = (round: readonly UrlProbe[]): boolean => round.some(({ answered }) => answered)
