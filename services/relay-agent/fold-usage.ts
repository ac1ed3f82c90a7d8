import type { SessionState, Traffic } from '../domain/session.ts'
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

const NOTHING: Folded = { kind: 'nothing' }
const UNPROVEN: Folded = { kind: 'unproven' }

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
  const name = readChannel(channel, realm)
  if (!name) return NOTHING
  const { username, allocation, event } = name
  const held = sessions.get(allocation)
  // of an allocation held under another name, only what coturn says of authenticated sessions alone is believed
  const known = held?.username === username ? held : undefined
  if (event === 'status') return foldStatus(name, known, message, nowMs)

  const heard = readCounters(message)
  if (!heard) return NOTHING
  if (event === 'total_traffic') {
    return { kind: 'session', allocation, session: { ...heard, username, startedAtMs: known?.startedAtMs ?? nowMs, atMs: nowMs }, state: 'closed', deltaBytes: 0 }
  }
  if (!known) return UNPROVEN
  const session = {
    ...known,
    atMs: nowMs,
    packetsIn: known.packetsIn + heard.packetsIn,
    bytesIn: known.bytesIn + heard.bytesIn,
    packetsOut: known.packetsOut + heard.packetsOut,
    bytesOut: known.bytesOut + heard.bytesOut
  }
  return { kind: 'session', allocation, session, state: 'open', deltaBytes: heard.bytesIn + heard.bytesOut }
}

function foldStatus ({ username, allocation }: ChannelName, known: FoldedSession | undefined, message: string, nowMs: number): Folded {
  if (message === 'deleted') {
    return known ? { kind: 'session', allocation, session: { ...known, atMs: nowMs, deletedAtMs: nowMs }, state: 'open', deltaBytes: 0 } : NOTHING
  }
  if (!message.startsWith('new ') && !message.startsWith('refreshed ')) return NOTHING
  const session = known ?? { ...noTraffic(), username, startedAtMs: nowMs, atMs: nowMs }
  return { kind: 'session', allocation, session: { ...session, atMs: nowMs }, state: 'open', deltaBytes: 0 }
}

interface ChannelName {
  username: string
  allocation: string
  event: string
}

const EVENTS = new Set(['status', 'traffic', 'total_traffic'])
const BEFORE_ALLOCATION = '/allocation/'
const ALLOCATION_LENGTH = 18
const ALLOCATION = /^\d{18}$/

/** The user part may hold any character, a slash included, so the channel is read from both ends. */
function readChannel (channel: string, realm: string): ChannelName | undefined {
  const prefix = coturnKeys.allocationPrefix(realm)
  const allocationEnd = channel.lastIndexOf('/')
  const allocationStart = allocationEnd - ALLOCATION_LENGTH
  const usernameEnd = allocationStart - BEFORE_ALLOCATION.length
  if (usernameEnd < prefix.length || !channel.startsWith(prefix) || !channel.startsWith(BEFORE_ALLOCATION, usernameEnd)) return undefined
  const event = channel.slice(allocationEnd + 1)
  const allocation = channel.slice(allocationStart, allocationEnd)
  if (!EVENTS.has(event) || !ALLOCATION.test(allocation)) return undefined
  return { username: channel.slice(prefix.length, usernameEnd), allocation, event }
}

const COUNTERS = /^rcvp=(\d+), rcvb=(\d+), sentp=(\d+), sentb=(\d+)$/

function readCounters (message: string): Traffic | undefined {
  const match = COUNTERS.exec(message)
  return match ? { packetsIn: Number(match[1]), bytesIn: Number(match[2]), packetsOut: Number(match[3]), bytesOut: Number(match[4]) } : undefined
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
