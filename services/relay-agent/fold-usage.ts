import type { SessionState } from '../domain/session.ts'
import type { FoldedSession } from '../store/agent-state.ts'
import type { FeedEvent } from '../store/node-feed.ts'
import { launchChannels, coturnKeys } from '../store/keys.ts'
import { MAX_ALLOCATION_LIFETIME_MS, noTraffic } from '../domain/session.ts'

/** What one event means for the sessions of the boot that runs. */
export type Folded =
  | { kind: 'nothing' }
  /** traffic under a name coturn has not vouched for: anyone can make it publish that (turnserver copies the claimed name before it checks the password) */
  | { kind: 'unproven' }
  | { kind: 'session', allocation: string, session: FoldedSession, state: SessionState, deltaBytes: number }
  | { kind: 'boot', boot: string }
  | { kind: 'stopping', boot: string }

/** The user part may hold any character, a slash included, so the channel is read from both ends. */
const ALLOCATION_CHANNEL = /^(.*)\/allocation\/(\d{18})\/(status|traffic|total_traffic)$/s
const COUNTERS = /^rcvp=(\d+), rcvb=(\d+), sentp=(\d+), sentb=(\d+)$/

const NOTHING: Folded = { kind: 'nothing' }

/**
 * Folds one event of coturn's (src/apps/relay/ns_ioalib_engine_impl.c, turn_report_*) or launch's. Only client-side
 * counters are read: they are 64 bits wide, those of the peer side wrap at 4 GiB. `rcv` is what the client sent.
 *
 * A session is real once its `new` (or a later status) or its total was seen, for coturn says those only of an
 * authenticated one. Deltas are provisional; the total, cumulative, replaces their sum.
 */
export function foldEvent (sessions: ReadonlyMap<string, FoldedSession>, realm: string, { channel, message }: FeedEvent, nowMs: number): Folded {
  if (channel === launchChannels.boot) return { kind: 'boot', boot: message }
  if (channel === launchChannels.stopping) return { kind: 'stopping', boot: message }
  const prefix = coturnKeys.allocationPrefix(realm)
  if (!channel.startsWith(prefix)) return NOTHING
  const match = ALLOCATION_CHANNEL.exec(channel.slice(prefix.length))
  if (!match) return NOTHING
  const [, username = '', allocation = '', event] = match
  const held = sessions.get(allocation)
  // of an allocation held under another name, only what coturn says of authenticated sessions alone is believed
  const known = held?.username === username ? held : undefined
  const session = known ?? { ...noTraffic(), username, startedAtMs: nowMs, atMs: nowMs }

  if (event === 'status') {
    if (message === 'deleted') {
      return known ? { kind: 'session', allocation, session: { ...known, atMs: nowMs, deletedAtMs: nowMs }, state: 'open', deltaBytes: 0 } : NOTHING
    }
    if (!message.startsWith('new ') && !message.startsWith('refreshed ')) return NOTHING
    return { kind: 'session', allocation, session: { ...session, atMs: nowMs }, state: 'open', deltaBytes: 0 }
  }

  const counters = COUNTERS.exec(message)
  if (!counters) return NOTHING
  const [packetsIn = 0, bytesIn = 0, packetsOut = 0, bytesOut = 0] = counters.slice(1).map(Number)
  if (event === 'total_traffic') {
    const { username, startedAtMs } = session
    return { kind: 'session', allocation, session: { username, startedAtMs, atMs: nowMs, packetsIn, bytesIn, packetsOut, bytesOut }, state: 'closed', deltaBytes: 0 }
  }
  if (!known) return { kind: 'unproven' }
  return {
    kind: 'session',
    allocation,
    session: {
      ...known,
      atMs: nowMs,
      packetsIn: known.packetsIn + packetsIn,
      bytesIn: known.bytesIn + bytesIn,
      packetsOut: known.packetsOut + packetsOut,
      bytesOut: known.bytesOut + bytesOut
    },
    state: 'open',
    deltaBytes: bytesIn + bytesOut
  }
}

/** Twice what a live session can be silent for. */
const SILENCE_MS = 2 * MAX_ALLOCATION_LIFETIME_MS
/** coturn publishes the total in the same breath as the deletion; ten seconds is far beyond any delay. */
const TOTAL_DUE_MS = 10_000

/** Allocations that ended without their total: nothing heard for too long, or deleted and the total never came. */
export function findLost (sessions: ReadonlyMap<string, FoldedSession>, feedSinceMs: number, nowMs: number): string[] {
  const lost: string[] = []
  for (const [allocation, { atMs, deletedAtMs }] of sessions) {
    const overdue = deletedAtMs !== undefined && nowMs - Math.max(deletedAtMs, feedSinceMs) > TOTAL_DUE_MS
    if (overdue || nowMs - Math.max(atMs, feedSinceMs) > SILENCE_MS) lost.push(allocation)
  }
  return lost
}
