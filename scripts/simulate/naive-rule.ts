import { hashText } from '../../services/policy/rendezvous.ts'
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
        const [lot] = hashText(room)
        const candidates = [...open]
        return choiceOf(
          candidates
            .map((node, index) => ({ node, distance: distanceOf(region, node, options), turn: (index + (lot >>> 0)) % candidates.length }))
            .sort((a, b) => a.distance - b.distance || a.turn - b.turn)
            .map(({ node }) => node),
          options
        )
      }
    }
  }
}
