import { Type } from 'typebox'
import type { Static } from 'typebox'

/**
 * Ages of an allocation, in seconds, at which each step of its life begins; the last has no end. Finer where most is
 * decided: a busy call is first reported within seconds, and what nobody uses is gone after half a minute.
 */
export const AGES_SECONDS = [0, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 32, 35, 40, 50, 65, 80, 100, 130, 160, 200, 250, 320] as const
export const STEPS = AGES_SECONDS.length

/** The step of life an allocation of this age is in. */
export function stepOf (ageSeconds: number): number {
  let step = 0
  while (step + 1 < STEPS && ageSeconds >= (AGES_SECONDS[step + 1] as number)) step += 1
  return step
}

const OneEachStep = Type.Array(Type.Number({ minimum: 0 }), { minItems: STEPS, maxItems: STEPS })

/**
 * What became of allocations whose rate was not known yet, by the step of their life it happened in. Counts fade, so that
 * the present weighs more than the past.
 */
export const LoadExperience = Type.Object({
  entered: OneEachStep,
  /** their rate became known: by their first report, or by their end */
  resolved: OneEachStep,
  /** the sum of these rates, in megabits per second of egress */
  megabits: OneEachStep,
  /** the sum of their squares */
  squares: OneEachStep
})
export type LoadExperience = Static<typeof LoadExperience>

export const noneEachStep = (): number[] => Array.from({ length: STEPS }, () => 0)
export const noExperience = (): LoadExperience => ({ entered: noneEachStep(), resolved: noneEachStep(), megabits: noneEachStep(), squares: noneEachStep() })
