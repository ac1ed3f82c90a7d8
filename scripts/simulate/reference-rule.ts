import { choiceOf, distanceOf } from './rule.ts'
import type { RuleMaker } from './rule.ts'
import type { SimulatedNode } from './world.ts'

/** A fleet filled further has no room for what a call does between two looks. */
const FULL = 0.95
const MOST_URLS = 3

const fill = ({ megabits, plan }: SimulatedNode): number => megabits / plan.capacityMegabits

/**
 * What nobody can do in life: knows the rate of every call and whether it will be relayed, sees the true load without
 * delay, and fills each node to 95 %. What it spills cannot be avoided.
 */
export const referenceRule: RuleMaker = {
  make: (world, options) => ({
    look: () => {},
    flaps: () => 0,
    choose: call => choiceOf(
      world.nodes
        .filter(({ plan, megabits, allocations }) =>
          (!call.relayed || megabits + call.megabits <= FULL * plan.capacityMegabits) &&
          (plan.maxAllocations === 0 || allocations + MOST_URLS <= FULL * plan.maxAllocations))
        .sort((a, b) => distanceOf(call.region, a, options) - distanceOf(call.region, b, options) || fill(a) - fill(b)),
      options
    )
  })
}
