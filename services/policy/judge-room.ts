import type { Expectation } from './expect-load.ts'

/** Full is where the load that all but one in a hundred turn out to stay below reaches this share of what a node can carry. */
const FULL = 0.98
/** Of a normal distribution, the deviations above its mean that one in a hundred is beyond. */
const DEVIATIONS = 2.33
/**
 * Few calls are no normal distribution: most of what is expected comes of the few that are large. Its third moment says by
 * how much more one in a hundred is beyond (Cornish, Fisher 1938, the first term).
 */
const SKEW = (DEVIATIONS ** 2 - 1) / 6
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
  /** third central moment of what is expected, (Mbit/s)³ */
  cubes: number
  freeAllocations: number
  /** nothing runs on it that is known, and nothing that is not */
  idle: boolean
  /** of one more allocation */
  mean: number
  eachVariance: number
  eachCube: number
}

export function judgeRoom ({ capacityBitsPerSecond, loadBitsPerSecond, sessions, maxAllocations, unresolved }: Commitments, { mean, variance }: Expectation): Room {
  let expected = loadBitsPerSecond / BITS_A_MEGABIT
  let doubt = 0
  let cubes = 0
  for (const [step, count] of unresolved.entries()) {
    expected += count * (mean[step] ?? 0)
    doubt += count * (variance[step] ?? 0)
    cubes += count * cubeOf(mean[step] ?? 0, variance[step] ?? 0)
  }
  return {
    freeMegabits: FULL * capacityBitsPerSecond / BITS_A_MEGABIT - expected,
    variance: doubt,
    cubes,
    freeAllocations: maxAllocations > 0 ? FULL_OF_ALLOCATIONS * maxAllocations - sessions : Infinity,
    idle: loadBitsPerSecond === 0 && unresolved.every(count => count === 0),
    mean: mean[0] ?? 0,
    eachVariance: variance[0] ?? 0,
    eachCube: cubeOf(mean[0] ?? 0, variance[0] ?? 0)
  }
}

/**
 * The third central moment of one allocation. Agents tell two moments only; the third about zero is at least the square of
 * the second over the first (Cauchy and Schwarz), and just that where all that relay carry as much.
 */
function cubeOf (mean: number, variance: number): number {
  if (mean <= 0) return 0
  const square = variance + mean * mean
  return Math.max(0, square * square / mean - 3 * mean * square + 2 * mean ** 3)
}

/** What is kept free for what may come above the expected, with so many allocations promised or more, in megabits per second. */
function marginFor ({ variance, cubes, eachVariance, eachCube }: Room, count: number): number {
  const doubt = variance + count * eachVariance
  return doubt > 0 ? DEVIATIONS * Math.sqrt(doubt) + SKEW * (cubes + count * eachCube) / doubt : 0
}

/**
 * Whether a node takes `more` allocations, beside those promised since its heartbeat. One that does nothing takes a first
 * call, however small it is: it would never have any.
 */
export function hasRoom (room: Room, promised: number, more: number): boolean {
  const all = promised + more
  return all <= room.freeAllocations && ((room.idle && promised === 0) || all * room.mean + marginFor(room, all) <= room.freeMegabits)
}

/** What is left, as people are shown it. */
export function showRoom (room: Room, promised: number): { megabits: number, allocations: number | null } {
  const { freeMegabits, freeAllocations, mean } = room
  const left = freeMegabits - promised * mean - marginFor(room, promised)
  return { megabits: Math.round(left * 10) / 10, allocations: freeAllocations === Infinity ? null : Math.floor(freeAllocations - promised) }
}
