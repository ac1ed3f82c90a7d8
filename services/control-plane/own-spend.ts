import { ALL_APPS, BUDGET_PERIODS, periodOf } from '../domain/budget.ts'
import type { PaidIssue } from '../domain/budget.ts'
import type { MicroUsd } from '../domain/money.ts'

/**
 * What this replica has set aside and may not find in what it last read of Redis: each issue from when it is made until
 * something was read that began behind the moment Redis had it for certain.
 */
export function createOwnSpend () {
  /** when Redis had it, in ms; undefined: not yet */
  const entries = new Map<PaidIssue, number | undefined>()
  let sums = new Map<string, MicroUsd>()
  let summedForMs = -1

  function add ({ app, atMs, microUsd }: PaidIssue, sign: 1n | -1n): void {
    for (const scope of [app, ALL_APPS]) {
      for (const period of BUDGET_PERIODS) {
        const name = `${scope} ${periodOf(period, atMs)}`
        sums.set(name, (sums.get(name) ?? 0n) + sign * BigInt(microUsd))
      }
    }
  }

  return {
    keep (issue: PaidIssue, toldAtMs?: number): void {
      entries.set(issue, toldAtMs)
      add(issue, 1n)
    },
    told (issue: PaidIssue, atMs: number): void {
      if (entries.has(issue)) entries.set(issue, atMs)
    },
    forget (issue: PaidIssue): void {
      if (entries.delete(issue)) add(issue, -1n)
    },
    /** @param readAtMs from when on what was read is */
    since (readAtMs: number, scope: string, period: string): MicroUsd {
      if (readAtMs !== summedForMs) {
        for (const [issue, toldAtMs] of entries) if (toldAtMs !== undefined && toldAtMs < readAtMs) entries.delete(issue)
        sums = new Map()
        for (const issue of entries.keys()) add(issue, 1n)
        summedForMs = readAtMs
      }
      return sums.get(`${scope} ${period}`) ?? 0n
    }
  }
}
export type OwnSpendBook = ReturnType<typeof createOwnSpend>
