import { DEFAULT_POLICY } from '../../services/policy/settings.ts'
import { makeTrace, SHAPES } from '../../scripts/simulate/make-trace.ts'
import { makeOwnRule } from '../../scripts/simulate/own-rule.ts'
import { referenceRule } from '../../scripts/simulate/reference-rule.ts'
import { runRule } from '../../scripts/simulate/run-rule.ts'
import type { Outcome } from '../../scripts/simulate/run-rule.ts'
import type { NodePlan } from '../../scripts/simulate/world.ts'

const NEIGHBOURS: ReadonlyMap<string, readonly string[]> = new Map([['eu', ['us']], ['us', ['eu', 'ap']], ['ap', ['us']]])
const NODES_A_REGION = 3

/** Three nodes in each region of a shape. */
export const fleetFor = (shape: string, capacityMegabits: number): NodePlan[] =>
  (SHAPES[shape]?.regions ?? []).flatMap(region => Array.from({ length: NODES_A_REGION }, (_, index) => ({ id: `${region}-${index + 1}`, region, capacityMegabits, maxAllocations: 20_000 })))

/** What the policy comes to over a trace, beside what cannot be avoided. */
export function simulate (shape: string, seed: number, capacityMegabits: number): { own: Outcome, reference: Outcome } {
  const nodes = fleetFor(shape, capacityMegabits)
  const made = SHAPES[shape]
  if (!made) throw new Error(`no shape ${shape}`)
  const calls = makeTrace({ shape: made, seed, regionMegabits: NODES_A_REGION * capacityMegabits })
  const options = { spillTo: 'cloudflare', neighbours: NEIGHBOURS } as const
  return { own: runRule(makeOwnRule({ ...DEFAULT_POLICY, neighbours: NEIGHBOURS }, seed), calls, nodes, options), reference: runRule(referenceRule, calls, nodes, options) }
}
