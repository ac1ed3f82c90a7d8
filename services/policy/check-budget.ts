import { ALL_APPS, BUDGET_PERIODS, EXPECTED_USE, periodOf, REGION_UNKNOWN } from '../domain/budget.ts'
import type { BudgetPeriod, ExpectedUse, MoneyFacts, PaidIssue } from '../domain/budget.ts'
import { roundCostUp } from '../domain/money.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { ProviderName } from '../domain/provider.ts'
import { findPrice, priceBytes, priceVersion } from '../domain/rate-card.ts'
import { UNPRICED } from '../domain/usage.ts'

/** In an outage nobody knows what the others spend, so each replica issues this many paid credentials and no more. */
export const OUTAGE_ALLOWANCE = 20

/** What this replica has set aside by itself and may not find in what it last read. */
export interface OwnSpend {
  /** of an app, or ALL_APPS, in this day or month: `yyyymmdd` or `yyyymm` */
  since: (scope: string, period: string) => MicroUsd
  /** paid credentials issued in this outage; undefined while Redis answers */
  issuedInOutage: number | undefined
}

export const NO_OWN_SPEND: OwnSpend = { since: () => 0n, issuedInOutage: undefined }

/** One cap and what stands against it. */
export interface CapStanding {
  scope: string
  period: BudgetPeriod
  isBinding: boolean
  capMicroUsd: MicroUsd
  bookedMicroUsd: MicroUsd
  /** set aside, by this replica and the others */
  reservedMicroUsd: MicroUsd
  /** never below zero */
  leftMicroUsd: MicroUsd
}

export type BudgetVerdict =
  /** `warnings`: caps that would be passed, but are only to be told of */
  | { allowed: true, warnings: CapStanding[] }
  | { allowed: false, reason: 'budget_used_up', neededMicroUsd: MicroUsd, cap: CapStanding }
  | { allowed: false, reason: 'price_unknown', cap: CapStanding }
  | { allowed: false, reason: 'outage_allowance_used_up' }

export type Denial = Extract<BudgetVerdict, { allowed: false }>

/** What a credential is expected to cost, rounded up; undefined where there is no price: unknown is not for nothing. */
export function expectedSpend (facts: MoneyFacts, provider: ProviderName, region = REGION_UNKNOWN): MicroUsd | undefined {
  const price = findPrice(facts, provider, region)
  return price && roundCostUp(priceBytes(price, expectedUseOf(facts, provider)))
}

const expectedUseOf = ({ expectedUse }: MoneyFacts, provider: ProviderName): ExpectedUse => expectedUse.get(provider) ?? EXPECTED_USE

/** What the ledger shall book for a paid credential that is issued now. */
export function describePaidIssue (facts: MoneyFacts, app: string, provider: ProviderName, region = REGION_UNKNOWN, nowMs: number): PaidIssue {
  const price = findPrice(facts, provider, region)
  return {
    atMs: nowMs,
    app,
    provider,
    region,
    priceVersion: price ? priceVersion(price) : UNPRICED,
    ...expectedUseOf(facts, provider),
    microUsd: Number(expectedSpend(facts, provider, region) ?? 0n)
  }
}

/** How the caps of an app and of all apps stand now. A day or month that has begun since they were read has spent nothing yet. */
export function standingOf (facts: MoneyFacts, app: string, own: OwnSpend, nowMs: number): CapStanding[] {
  return [app, ALL_APPS].flatMap(scope => BUDGET_PERIODS.flatMap(period => {
    const budget = facts.budgets.get(scope)
    const cap = period === 'day' ? budget?.dayMicroUsd : budget?.monthMicroUsd
    if (budget === undefined || cap === undefined || cap === null) return []
    const name = periodOf(period, nowMs)
    const spend = periodOf(period, facts.readAtMs) === name ? facts.spend.get(scope) : undefined
    const bookedMicroUsd = spend?.booked[period] ?? 0n
    const reservedMicroUsd = (spend?.reserved[period] ?? 0n) + own.since(scope, name)
    const left = BigInt(cap) - bookedMicroUsd - reservedMicroUsd
    return [{ scope, period, isBinding: budget.action === 'deny-spill', capMicroUsd: BigInt(cap), bookedMicroUsd, reservedMicroUsd, leftMicroUsd: left > 0n ? left : 0n }]
  }))
}

/**
 * Whether one more credential of a paid provider is within the budgets of the app and of all apps together: what it is
 * expected to cost must be left whole. Without a budget only an outage says no; with one, so does a price nobody knows.
 */
export function checkBudget (facts: MoneyFacts, app: string, provider: ProviderName, region: string | undefined, own: OwnSpend, nowMs: number): BudgetVerdict {
  if (own.issuedInOutage !== undefined && own.issuedInOutage >= OUTAGE_ALLOWANCE) return { allowed: false, reason: 'outage_allowance_used_up' }
  const standings = standingOf(facts, app, own, nowMs)
  if (standings.length === 0) return { allowed: true, warnings: [] }
  const needed = expectedSpend(facts, provider, region)
  const passed = standings.filter(({ leftMicroUsd }) => needed === undefined || needed > leftMicroUsd)
  const cap = passed.find(({ isBinding }) => isBinding)
  if (!cap) return { allowed: true, warnings: passed }
  return needed === undefined ? { allowed: false, reason: 'price_unknown', cap } : { allowed: false, reason: 'budget_used_up', neededMicroUsd: needed, cap }
}
