import { choiceOf, distanceOf } from './rule.ts'
import type { RuleMaker } from './rule.ts'
import type { SimulatedNode } from './world.ts'

const CLOSED_FROM = 0.9

/**
 * What is usually built first: a node is open while its last heartbeat says less than 90 %, and nothing is reserved. Of the
 * open ones in the nearest region each room has its own.
 */
export const naiveRule: RuleMaker = {
  make: (world, options) => {
    let open = new Set<SimulatedNode>(world.nodes)
    let flaps = 0
    return {
      look: () => {
        const now = new Set(world.nodes.filter(({ heartbeat, plan }) => heartbeat.megabits < CLOSED_FROM * plan.capacityMegabits && (plan.maxAllocations === 0 || heartbeat.sessions < CLOSED_FROM * plan.maxAllocations)))
        for (const node of world.nodes) if (open.has(node) !== now.has(node)) flaps += 1
        open = now
      },
      flaps: () => flaps,
      choose: ({ room, region }) => {
        const lot = hash(room)
        const candidates = [...open]
        return choiceOf(
          candidates
            .map((node, index) => ({ node, distance: distanceOf(region, node, options), turn: (index + lot) % candidates.length }))
            .sort((a, b) => a.distance - b.distance || a.turn - b.turn)
            .map(({ node }) => node),
          options
        )
      }
    }
  }
}

/** FNV-1a, with its bits mixed once more: rooms of one trace differ in their last digits only. */
function hash (text: string): number {
  let value = 0x811C9DC5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return Math.imul(value ^ (value >>> 15), 0x85EBCA6B) >>> 0
}
