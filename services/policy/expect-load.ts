import { STEPS } from '../domain/load-experience.ts'
import type { LoadExperience } from '../domain/load-experience.ts'

/** What an allocation of unknown rate carries, by the step of its life: mean and variance, in megabits per second. */
export interface Expectation {
  mean: readonly number[]
  variance: readonly number[]
}

/**
 * What is believed before anything was seen, worth so many allocations: one in eight carries a call of two megabits per
 * second in all, which is first reported after about eight seconds; the others are gone after half a minute.
 */
const PRIOR = { count: 24, calls: 3, megabits: 2, callStep: 4, idleStep: 10 }

/**
 * Expected load from experience, the Kaplan-Meier way (1958): in each step of life some of those that entered it become
 * known and bring their rate, the others go on into the next. So what is still unknown counts for what it may bring, and
 * calls that happen to be known early do not count twice in a rush.
 */
export function expectLoad (experiences: readonly LoadExperience[]): Expectation {
  const mean = Array.from({ length: STEPS + 1 }, () => 0)
  const square = Array.from({ length: STEPS + 1 }, () => 0)
  for (let step = STEPS - 1; step >= 0; step--) {
    const { entered, resolved, megabits, squares } = sumOf(experiences, step)
    const goOn = entered > 0 ? Math.max(0, 1 - resolved / entered) : 0
    mean[step] = (entered > 0 ? megabits / entered : 0) + goOn * (mean[step + 1] as number)
    square[step] = (entered > 0 ? squares / entered : 0) + goOn * (square[step + 1] as number)
  }
  // half of a step's life is behind those that are in it
  const within = (values: readonly number[], step: number): number => ((values[step] ?? 0) + (values[step + 1] ?? 0)) / 2
  const steps = Array.from({ length: STEPS }, (_, step) => step)
  return {
    mean: steps.map(step => step === 0 ? mean[0] as number : within(mean, step)),
    variance: steps.map(step => {
      const [first, second] = step === 0 ? [mean[0] as number, square[0] as number] : [within(mean, step), within(square, step)]
      return Math.max(0, second - first * first)
    })
  }
}

function sumOf (experiences: readonly LoadExperience[], step: number) {
  const sums = {
    entered: step <= PRIOR.callStep ? PRIOR.count : step <= PRIOR.idleStep ? PRIOR.count - PRIOR.calls : 0,
    resolved: step === PRIOR.callStep ? PRIOR.calls : step === PRIOR.idleStep ? PRIOR.count - PRIOR.calls : 0,
    megabits: step === PRIOR.callStep ? PRIOR.calls * PRIOR.megabits : 0,
    squares: step === PRIOR.callStep ? PRIOR.calls * PRIOR.megabits ** 2 : 0
  }
  for (const { entered, resolved, megabits, squares } of experiences) {
    sums.entered += entered[step] ?? 0
    sums.resolved += resolved[step] ?? 0
    sums.megabits += megabits[step] ?? 0
    sums.squares += squares[step] ?? 0
  }
  return sums
}
