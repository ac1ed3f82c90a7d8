import type { PaidIssue } from '../domain/budget.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Redis } from '../store/connect.ts'
import { bookPaidIssues, countPaidIssues, dropPaidIssue, readPaidIssues } from '../store/paid-issues.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'

/** Holds up Redis for a few milliseconds at most. */
const ISSUES_A_STEP = 200

/** Books paid credentials at what they are expected to use and cost, until none waits. Several ledgers may do so at once. */
export async function bookPaid ({ redis, logger, metrics }: { redis: Redis, logger: Logger, metrics: LedgerMetrics }): Promise<void> {
  for (;;) {
    const entries = await readPaidIssues(redis, ISSUES_A_STEP)
    const readable = entries.filter((entry): entry is { id: string, issue: PaidIssue } => entry.issue !== undefined)
    for (const issue of readable.length > 0 ? await bookPaidIssues(redis, readable) : []) {
      metrics.paidBooked.inc({ provider: issue.provider })
      metrics.countPaid(issue)
    }
    for (const { id, issue } of entries) {
      if (issue === undefined && await dropPaidIssue(redis, id)) logger.error({ id }, 'dropped the record of a paid credential that cannot be read')
    }
    if (entries.length < ISSUES_A_STEP) break
  }
  metrics.paidPending.set(await countPaidIssues(redis))
}
