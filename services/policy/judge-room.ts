import type { Expectation } from './expect-load.ts'

/** Full is where the expected load, and so many of its standard deviations, reach this share of what a node can carry. */
const FULL = 0.97
const DEVIATIONS = 2.5
/** Of the allocations coturn may hold: its quota also counts those it has not yet let go of. */
const FULL_OF_ALLOCATIONS = 0.95

const BITS_A_MEGABIT = 1_000_000

/** What is known of a node's load, and what is on its way to it. */
export interface Commitments {
  capacityBitsPerSecond: number
  /** of sessions whose rate is known */
  loadBitsPerSecond: number
  sessions: number
  /** 0: no limit */
  maxAllocations: number
  /** allocations whose rate is not known yet, by the step of their life */
  unresolved: readonly number[]
}

/** Room of a node for more, before what is promised since its heartbeat is taken off. */
export interface Room {
  /** megabits per second up to FULL that nothing is expected to take */
  freeMegabits: number
  variance: number
  freeAllocations: number
  /** nothing runs on it that is known, and nothing that is not */
  idle: boolean
  /** of one more allocation */
  mean: number
  eachVariance: number
}

export function judgeRoom ({ capacityBitsPerSecond, loadBitsPerSecond, sessions, maxAllocations, unresolved }: Commitments, { mean, variance }: Expectation): Room {
  let expected = loadBitsPerSecond / BITS_A_MEGABIT
  let doubt = 0
  for (const [step, count] of unresolved.entries()) {
    expected += count * (mean[step] ?? 0)
    doubt += count * (variance[step] ?? 0)
  }
  return {
    freeMegabits: FULL * capacityBitsPerSecond / BITS_A_MEGABIT - expected,
    variance: doubt,
    freeAllocations: maxAllocations > 0 ? FULL_OF_ALLOCATIONS * maxAllocations - sessions : Infinity,
    idle: loadBitsPerSecond === 0 && unresolved.every(count => count === 0),
    mean: mean[0] ?? 0,
    eachVariance: variance[0] ?? 0
  }
}

/**
 * Whether a node takes `more` allocations, beside those promised since its heartbeat. One that does nothing takes a first
 * call, however small it is: it would never have any.
 */
export function hasRoom ({ freeMegabits, variance, freeAllocations, idle, mean, eachVariance }: Room, promised: number, more: number): boolean {
  const all = promised + more
  return all <= freeAllocations && ((idle && promised === 0) || all * mean + DEVIATIONS * Math.sqrt(variance + all * eachVariance) <= freeMegabits)
}

/** What is left, as people are shown it. */
export function showRoom ({ freeMegabits, variance, freeAllocations, mean, eachVariance }: Room, promised: number): { megabits: number, allocations: number | null } {
  const left = freeMegabits - promised * mean - DEVIATIONS * Math.sqrt(variance + promised * eachVariance)
  return { megabits: Math.round(left * 10) / 10, allocations: freeAllocations === Infinity ? null : Math.floor(freeAllocations - promised) }
}
