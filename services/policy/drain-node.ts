import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import type { RelayAddresses } from '../domain/relay-addresses.ts'

/** Fewer endings tell nothing of a rate: with three the estimate is still off by half as often as not. */
const MIN_ENDED = 3
/** Six heartbeats: sessions that end in the first moments may be those that were about to. */
const MIN_WATCHED_MS = 30_000

/** How far a drain is. */
export interface DrainProgress {
  since: string
  /** whether coturn is known to refuse new allocations */
  applied: boolean
  /** null: its agent is silent, so nobody knows */
  sessionsLeft: number | null
  /** null: it cannot be known */
  emptyInSeconds: number | null
}

/** @param heard whether its agent speaks, so that what it said last is how things are */
export function showDrain ({ desired: { draining }, observed }: NodeFacts, heard: boolean, nowMs: number): DrainProgress | null {
  if (!draining) return null
  const sessionsLeft = heard && observed ? observed.sessions : null
  const { closed } = draining
  return {
    since: new Date(draining.sinceMs).toISOString(),
    applied: heard && observed?.admitting === false,
    sessionsLeft,
    emptyInSeconds: sessionsLeft === null || !closed ? null : estimateEmptySeconds(closed.sessions, sessionsLeft, nowMs - closed.atMs)
  }
}

/**
 * When the last of `left` sessions will have ended, if they go on ending as they did since coturn let none in: each is
 * taken to end at the same rate whatever its age, so of `began` sessions began * exp(-rate * time) are left, and the
 * last of n such lives on average for (1 + 1/2 + ... + 1/n) / rate.
 * @returns seconds; null where too few have ended, or in too short a time, to tell a rate by
 */
export function estimateEmptySeconds (began: number, left: number, watchedMs: number): number | null {
  if (left === 0) return 0
  if (began - left < MIN_ENDED || watchedMs < MIN_WATCHED_MS) return null
  const ratePerSecond = Math.log(began / left) / (watchedMs / 1000)
  return Math.ceil(harmonic(left) / ratePerSecond)
}

/** 1 + 1/2 + ... + 1/n. */
const harmonic = (n: number): number => Array.from({ length: n }, (_, index) => 1 / (index + 1)).reduce((sum, part) => sum + part, 0)

/** The wish with the moment coturn was first seen to refuse new allocations; undefined where that is not new. */
export function noteClosed ({ desired, observed }: NodeFacts, nowMs: number): DesiredNode | undefined {
  const { draining } = desired
  if (!draining || draining.closed || observed?.admitting !== false) return undefined
  return { ...desired, draining: { ...draining, closed: { atMs: nowMs, sessions: observed.sessions } } }
}

/** What an operator asks of a node. */
export interface NodeChange {
  draining?: boolean | undefined
  weight?: number | undefined
  /** null: any that a relay can have */
  addresses?: RelayAddresses | null | undefined
  capacityBitsPerSecond?: number | null | undefined
}

/** The wish changed so far as it is asked; a drain that goes on keeps its beginning. */
export function changeNode (desired: DesiredNode, change: NodeChange, nowMs: number): DesiredNode {
  const { draining, addresses: allowed, ...wish } = desired
  const drains = change.draining ?? draining !== undefined
  const addresses = change.addresses === undefined ? allowed : change.addresses
  return {
    ...wish,
    ...drains ? { draining: draining ?? { sinceMs: nowMs } } : {},
    ...addresses && { addresses },
    weight: change.weight ?? desired.weight,
    capacityBitsPerSecond: change.capacityBitsPerSecond === undefined ? desired.capacityBitsPerSecond : change.capacityBitsPerSecond
  }
}
