import { noExperience, STEPS } from '../domain/load-experience.ts'
import type { LoadExperience } from '../domain/load-experience.ts'

/** Within ten minutes what was learned counts half: calls of a morning say little of those of an evening. */
const HALF_LIFE_SECONDS = 600
/** Digits told of a number: enough for a sum over a fleet, and short in a heartbeat. */
const DIGITS = 5

/** Learns of one node what allocations come to carry, from what became of those that were seen from their beginning. */
export class LoadLearner {
  readonly #sums: LoadExperience = noExperience()

  /** Allocations of unknown rate that have lived into a step; each is said of once. */
  enter (step: number, count = 1): void {
    this.#sums.entered[step] = (this.#sums.entered[step] ?? 0) + count
  }

  /** The rate of allocations became known in this step of their life, by a first report or by their end. @param megabits each */
  resolve (step: number, megabits: number, count = 1): void {
    const { resolved, megabits: sums, squares } = this.#sums
    resolved[step] = (resolved[step] ?? 0) + count
    sums[step] = (sums[step] ?? 0) + count * megabits
    squares[step] = (squares[step] ?? 0) + count * megabits * megabits
  }

  fade (elapsedSeconds: number): void {
    const left = 0.5 ** (elapsedSeconds / HALF_LIFE_SECONDS)
    for (const sums of Object.values(this.#sums)) for (let step = 0; step < STEPS; step++) sums[step] = (sums[step] ?? 0) * left
  }

  get experience (): LoadExperience {
    const told = (sums: readonly number[]): number[] => sums.map(sum => Number(sum.toPrecision(DIGITS)))
    const { entered, resolved, megabits, squares } = this.#sums
    return { entered: told(entered), resolved: told(resolved), megabits: told(megabits), squares: told(squares) }
  }
}
