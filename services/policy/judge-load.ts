import type { DesiredNode, ObservedNode } from '../domain/node.ts'
import type { Policy } from './settings.ts'

/** How full a node is: of its bandwidth, of the sessions it may hold, and the larger of both, which decides. */
export interface Load {
  capacityBitsPerSecond: number
  bandwidthRatio: number
  sessionsRatio: number
  loadRatio: number
}

export interface Saturation {
  saturated: boolean
  /** until it may change again, in time during which Redis could be read */
  dwellMs: number
}

export function measureLoad ({ sessions, maxAllocations, loadBitsPerSecond, capacityBitsPerSecond: own }: ObservedNode, desired: Pick<DesiredNode, 'capacityBitsPerSecond'>): Load {
  const capacityBitsPerSecond = desired.capacityBitsPerSecond ?? own
  // a node that can carry nothing is full; one without a limit on sessions (coturn's total-quota 0) never is of those
  const bandwidthRatio = capacityBitsPerSecond > 0 ? Math.max(0, loadBitsPerSecond) / capacityBitsPerSecond : 1
  const sessionsRatio = maxAllocations > 0 ? Math.max(0, sessions) / maxAllocations : 0
  return { capacityBitsPerSecond, bandwidthRatio, sessionsRatio, loadRatio: Math.max(bandwidthRatio, sessionsRatio) }
}

/**
 * Whether a node is saturated now, with hysteresis: in at `enter`, out at `leave`, and once changed it stays so for the
 * dwell. So a load that crosses the thresholds once changes it at most twice. A node that is new has no dwell.
 */
export function judgeSaturation (before: Saturation, loadRatio: number, elapsedMs: number, { enter, leave, dwellMs }: Policy): Saturation {
  const left = Math.max(0, before.dwellMs - elapsedMs)
  const isDue = before.saturated ? loadRatio <= leave : loadRatio >= enter
  return isDue && left === 0 ? { saturated: !before.saturated, dwellMs } : { saturated: before.saturated, dwellMs: left }
}
