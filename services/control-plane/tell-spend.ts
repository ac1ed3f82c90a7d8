import type { PaidIssue } from '../domain/budget.ts'
import type { Redis } from '../store/connect.ts'
import { negated, recordPaid } from '../store/paid-issues.ts'
import type { OwnSpendBook } from './own-spend.ts'

/** What Redis has still to be told of what was set aside for paid credentials. */
export function createSpendTeller (redis: Redis, own: OwnSpendBook, now: () => number) {
  /** issued while Redis was away */
  let untold: PaidIssue[] = []
  let telling: ReadonlySet<PaidIssue> = new Set()
  /** negated: what Redis has and was not handed out */
  let takenBack: PaidIssue[] = []

  async function tell (issues: readonly PaidIssue[]): Promise<void> {
    if (issues.length === 0) return
    await recordPaid(redis, issues)
    for (const issue of issues) own.told(issue, now())
  }

  return {
    /** Issues that Redis knows nothing of, for it was away. */
    get waiting (): number { return untold.length },

    add (issue: PaidIssue): void {
      own.keep(issue)
      untold.push(issue)
    },

    /** It was not handed out after all. True where Redis has not been told of it and never will be. */
    cancel (issue: PaidIssue): boolean {
      if (untold.includes(issue) && !telling.has(issue)) {
        untold = untold.filter(other => other !== issue)
        own.forget(issue)
        return true
      }
      const back = negated(issue)
      own.keep(back)
      takenBack.push(back)
      return false
    },

    /** What fails is told again. */
    async tellIssued (): Promise<void> {
      telling = new Set(untold)
      try {
        await tell([...telling])
        untold = untold.filter(issue => !telling.has(issue))
      } finally {
        telling = new Set()
      }
    },

    /** Told twice it would make room for what nobody has paid: so it is told once, and else stays spent. */
    async tellTakenBack (): Promise<void> {
      const back = takenBack
      takenBack = []
      await tell(back).catch((error: unknown) => {
        for (const issue of back) own.forget(issue)
        throw error
      })
    }
  }
}
