import { noneEachStep, stepOf } from '../domain/load-experience.ts'
import type { LoadExperience } from '../domain/load-experience.ts'
import { LoadLearner } from '../policy/learn-load.ts'

interface Unresolved {
  beganMs: number
  /** of its life, as last looked at; -1 before the first look */
  step: number
  /** false: it was not seen from its beginning, so it counts and teaches nothing */
  teaches: boolean
}

const MS_A_SECOND = 1000
const BITS_A_MEGABIT = 1_000_000

/**
 * Allocations whose rate is not known yet, and what became of those before them. coturn says nothing of a session until
 * 4096 packets have passed: for a voice call that is half a minute, and most allocations never carry anything.
 */
export class AllocationWatch {
  readonly #unresolved = new Map<string, Unresolved>()
  readonly #learner = new LoadLearner()
  #lookedMs: number | undefined

  begin (allocation: string, beganMs: number, teaches: boolean): void {
    const one = { beganMs, step: -1, teaches }
    this.#unresolved.set(allocation, one)
    this.#catchUp(one, beganMs)
  }

  /** Its rate is known from now on, or it has ended and this was its rate. */
  resolve (allocation: string, bitsPerSecond: number, nowMs: number): void {
    const one = this.#unresolved.get(allocation)
    if (!one) return
    this.#unresolved.delete(allocation)
    this.#catchUp(one, nowMs)
    if (one.teaches) this.#learner.resolve(one.step, bitsPerSecond / BITS_A_MEGABIT)
  }

  clear (): void {
    this.#unresolved.clear()
  }

  /** How many there are now by the step of their life, and what is known of their kind. */
  look (nowMs: number): { unresolved: number[], experience: LoadExperience } {
    const unresolved = noneEachStep()
    for (const one of this.#unresolved.values()) {
      this.#catchUp(one, nowMs)
      unresolved[one.step] = (unresolved[one.step] ?? 0) + 1
    }
    this.#learner.fade((nowMs - (this.#lookedMs ?? nowMs)) / MS_A_SECOND)
    this.#lookedMs = nowMs
    return { unresolved, experience: this.#learner.experience }
  }

  #catchUp (one: Unresolved, nowMs: number): void {
    const step = stepOf((nowMs - one.beganMs) / MS_A_SECOND)
    while (one.step < step) {
      one.step += 1
      if (one.teaches) this.#learner.enter(one.step)
    }
  }
}
