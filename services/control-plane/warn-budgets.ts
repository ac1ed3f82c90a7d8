import { ALL_APPS, periodOf } from '../domain/budget.ts'
import type { Logger } from '../runtime/logger.ts'
import type { CapStanding } from '../policy/check-budget.ts'

/**
 * Tells the log of caps that a paid credential passes though they only warn: each once in its day or month, and again where
 * an operator has set another amount. Each replica tells what it sees itself.
 */
export function createBudgetWarnings (logger: Pick<Logger, 'warn'>): (caps: readonly CapStanding[], nowMs: number) => void {
  /** by scope and kind of period, so that it holds no more than there are budgets */
  const told = new Map<string, string>()
  return (caps, nowMs) => {
    for (const { scope, period, capMicroUsd, bookedMicroUsd, reservedMicroUsd } of caps) {
      const what = `${periodOf(period, nowMs)} ${capMicroUsd}`
      if (told.get(`${scope} ${period}`) === what) continue
      told.set(`${scope} ${period}`, what)
      logger.warn(
        { app: scope === ALL_APPS ? null : scope, period, capMicroUsd: String(capMicroUsd), bookedMicroUsd: String(bookedMicroUsd), reservedMicroUsd: String(reservedMicroUsd) },
        'a budget is passed, and paid credentials go on, for its action is warn'
      )
    }
  }
}
