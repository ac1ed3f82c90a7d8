import { ALL_APPS, BUDGET_PERIODS, periodOf } from '../domain/budget.ts'
import type { Budget, BudgetPeriod, ExpectedUse, MoneyFacts, Spend } from '../domain/budget.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { RateCard } from '../domain/rate-card.ts'
import type { Write } from './audit.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** @param scope an app id, or ALL_APPS */
export const writeBudget = (scope: string, budget: Budget | null): Write => ({ hash: centralKeys.budgets, field: scope, after: budget && JSON.stringify(budget) })

const parseAll = <T>(hash: unknown): Map<string, T> =>
  new Map(Object.entries(hash as Record<string, string>).map(([name, json]) => [name, JSON.parse(json) as T]))

/** All budgets, by app id, and ALL_APPS. */
export const readBudgets = async (redis: Redis): Promise<Map<string, Budget>> => parseAll(await redis.hgetall(centralKeys.budgets))

/** Everything paid steps are decided on. @param nowMs from before the call: what is set aside later may not be in it */
export async function readMoney (redis: Redis, nowMs: number): Promise<MoneyFacts> {
  const [budgetsRead, card, expectedUse] = await answersOf(redis.multi().hgetall(centralKeys.budgets).get(centralKeys.rateCard).hgetall(centralKeys.expectedUse).exec())
  const budgets = parseAll<Budget>(budgetsRead)
  return {
    readAtMs: nowMs,
    budgets,
    spend: await readSpend(redis, [...budgets.keys()], nowMs),
    prices: card === null ? [] : (JSON.parse(card as string) as RateCard).prices,
    expectedUse: parseAll<ExpectedUse>(expectedUse) as Map<ProviderName, ExpectedUse>
  }
}

/** What stands against these scopes today and this month. */
export async function readSpend (redis: Redis, scopes: readonly string[], nowMs: number): Promise<Map<string, Spend>> {
  if (scopes.length === 0) return new Map()
  const pipeline = redis.pipeline()
  for (const period of BUDGET_PERIODS) {
    const name = periodOf(period, nowMs)
    pipeline.hmget(centralKeys.spend(name), ...scopes).hmget(centralKeys.reservedSpend(name), ...scopes)
  }
  const answers = await answersOf(pipeline.exec()) as Array<Array<string | null>>
  const amounts = (answer: number, index: number): bigint => {
    const amount = BigInt(answers[answer]?.[index] ?? 0)
    return amount > 0n ? amount : 0n
  }
  return new Map(scopes.map((scope, index) => {
    const of = (offset: number) => Object.fromEntries(BUDGET_PERIODS.map((period, at) => [period, amounts(at * 2 + offset, index)])) as Record<BudgetPeriod, bigint>
    return [scope, { booked: of(0), reserved: of(1) }]
  }))
}

/** What all apps have spent in a period, by app; estimates and corrections of providers are left out. */
export async function readAllSpend (redis: Redis, period: string): Promise<Map<string, bigint>> {
  const fields = Object.entries(await redis.hgetall(centralKeys.spend(period)))
  return new Map(fields.filter(([scope]) => scope === ALL_APPS || /^[a-z0-9-]+$/.test(scope)).map(([scope, amount]) => [scope, BigInt(amount)]))
}
