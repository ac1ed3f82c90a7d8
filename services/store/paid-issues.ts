import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { ALL_APPS, BUDGET_PERIODS, periodOf } from '../domain/budget.ts'
import type { BudgetPeriod, PaidIssue } from '../domain/budget.ts'
import { BASIS_NODES, dayOf, hourOf, rowSuffix, UNPRICED } from '../domain/usage.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Longer than a ledger may be away with the budgets still right: then what it has not booked counts no more. */
const RESERVED_TTL_SECONDS: Record<BudgetPeriod, number> = { day: 2 * 86_400, month: 33 * 86_400 }
/** Providers correct their bills for some days, and a year is compared with the one before. */
export const SPEND_TTL_SECONDS: Record<BudgetPeriod, number> = { day: 40 * 86_400, month: 760 * 86_400 }

/**
 * Sets aside what a paid credential is expected to cost, if all budgets allow, and puts it on the stream for the ledger.
 * Atomic: replicas that ask at the same time never pass a budget together.
 * @returns undefined, or the cap that stands against it
 */
export async function reserveSpend (redis: Redis, issue: PaidIssue): Promise<{ scope: string, period: BudgetPeriod } | undefined> {
  const refused = await redis.reserveSpend(...reserveArguments(issue, false))
  if (refused === '') return undefined
  const [scope = '', period] = refused.split(' ')
  return { scope, period: period as BudgetPeriod }
}

/** The same for what has happened already, whatever the budgets say: issued in an outage, or not handed out after all. */
export async function recordPaid (redis: Redis, issues: readonly PaidIssue[]): Promise<void> {
  const pipeline = redis.pipeline()
  for (const issue of issues) pipeline.reserveSpend(...reserveArguments(issue, true))
  await answersOf(pipeline.exec())
}

/** What takes an issue back. */
export const negated = (issue: PaidIssue): PaidIssue =>
  ({ ...issue, bytesIn: -issue.bytesIn, bytesOut: -issue.bytesOut, microUsd: -issue.microUsd })

function reserveArguments (issue: PaidIssue, hasHappened: boolean) {
  const periods = BUDGET_PERIODS.map(period => periodOf(period, issue.atMs))
  return [
    centralKeys.paidIssues, centralKeys.budgets, ...periods.map(centralKeys.spend), ...periods.map(centralKeys.reservedSpend),
    issue.priceVersion === UNPRICED ? '' : issue.microUsd, issue.app, ALL_APPS, JSON.stringify(issue),
    RESERVED_TTL_SECONDS.day, RESERVED_TTL_SECONDS.month, hasHappened ? '1' : ''
  ]
}

const Whole = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
const check = Compile(Type.Object({
  atMs: Type.Integer({ minimum: 0, maximum: 8.64e15 }),
  app: Type.String(),
  provider: Type.String(),
  region: Type.String(),
  priceVersion: Type.String(),
  bytesIn: Whole,
  bytesOut: Whole,
  microUsd: Whole
}))

/** The oldest that wait to be booked; `issue` is undefined where it cannot be read. */
export async function readPaidIssues (redis: Redis, count: number): Promise<Array<{ id: string, issue: PaidIssue | undefined }>> {
  const entries = await redis.xrange(centralKeys.paidIssues, '-', '+', 'COUNT', count)
  return entries.map(([id, fields]) => ({ id, issue: parse(fields[1] ?? '') }))
}

function parse (json: string): PaidIssue | undefined {
  try {
    const issue: unknown = JSON.parse(json)
    return check.Check(issue) ? issue : undefined
  } catch {
    return undefined
  }
}

export const dropPaidIssue = async (redis: Redis, id: string): Promise<boolean> => await redis.xdel(centralKeys.paidIssues, id) === 1

export const countPaidIssues = (redis: Redis): Promise<number> => redis.xlen(centralKeys.paidIssues)

/** Books issues: each counts exactly once, even if two ledgers try. Returns those booked here. */
export async function bookPaidIssues (redis: Redis, issues: ReadonlyArray<{ id: string, issue: PaidIssue }>): Promise<PaidIssue[]> {
  const pipeline = redis.pipeline()
  for (const { id, issue } of issues) {
    const [hour, day] = [hourOf(issue.atMs), dayOf(issue.atMs)]
    const periods = BUDGET_PERIODS.map(period => periodOf(period, issue.atMs))
    const row = `${hour}:${rowSuffix({ ...issue, node: BASIS_NODES.estimated })}`
    pipeline.bookPaid(
      centralKeys.paidIssues, ...periods.map(centralKeys.spend), ...periods.map(centralKeys.reservedSpend),
      centralKeys.ledgerRow(row), centralKeys.ledgerDay(day), centralKeys.ledgerDays,
      id, issue.microUsd, issue.app, ALL_APPS, issue.provider, issue.bytesIn, issue.bytesOut, row, day,
      SPEND_TTL_SECONDS.day, SPEND_TTL_SECONDS.month, issue.bytesIn < 0 || issue.bytesOut < 0 ? -1 : 1)
  }
  const answers = await answersOf(pipeline.exec())
  return issues.flatMap(({ issue }, index) => answers[index] === 1 ? [issue] : [])
}
