import type { Test } from 'tap'
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

/**
 * What the policy comes to over a trace, beside what cannot be avoided.
 * @param haste how many times faster the shape goes by: calls last as long, and fewer make the test
 */
export function simulate (shape: string, seed: number, capacityMegabits: number, haste = 1): { own: Outcome, reference: Outcome } {
  const nodes = fleetFor(shape, capacityMegabits)
  const made = SHAPES[shape]
  if (!made) throw new Error(`no shape ${shape}`)
  const hasty = { ...made, seconds: made.seconds / haste, offered: (seconds: number, region: number) => made.offered(seconds * haste, region) }
  const calls = makeTrace({ shape: hasty, seed, regionMegabits: NODES_A_REGION * capacityMegabits })
  const options = { spillTo: 'cloudflare', neighbours: NEIGHBOURS } as const
  return { own: runRule(makeOwnRule({ ...DEFAULT_POLICY, neighbours: NEIGHBOURS }, seed), calls, nodes, options), reference: runRule(referenceRule, calls, nodes, options) }
}

/** What the policy is held to: no more spill than a tenth above what cannot be avoided, and next to no overload. */
const [MOST_SPILL, MOST_SATURATED] = [1.1, 0.001]

export function expectBounds (t: Test, { own, reference }: ReturnType<typeof simulate>): void {
  t.ok(reference.spillBytes > 0, 'there is something to spill')
  const ratio = own.spillBytes / reference.spillBytes
  t.ok(ratio <= MOST_SPILL, `spill ratio ${ratio.toFixed(3)}`)
  t.ok(own.saturatedNodeSeconds <= MOST_SATURATED * own.nodeSeconds, `${own.saturatedNodeSeconds} of ${own.nodeSeconds} node-seconds overloaded`)
  t.equal(own.refusedAllocations, 0)
  t.equal(own.requests, reference.requests)
  t.equal((own.bytes.coturn ?? 0) + own.spillBytes, (reference.bytes.coturn ?? 0) + reference.spillBytes, 'every byte is carried by somebody')
}
