import { Type } from 'typebox'
import type { Static } from 'typebox'
import { MICRO_USD_PATTERN } from './money.ts'
import type { MicroUsd } from './money.ts'
import type { ProviderName } from './provider.ts'
import type { Price } from './rate-card.ts'
import { monthOf } from './relay-use.ts'
import { dayOf } from './usage.ts'

/** `deny-spill`: no paid credentials beyond it · `warn`: it is only told */
export const BUDGET_ACTIONS = ['deny-spill', 'warn'] as const

const Cap = (description: string) => Type.Union([Type.String({ pattern: MICRO_USD_PATTERN }), Type.Null()], { description: `micro-USD ${description}, as text; null: no cap` })

/** What paid providers may cost: of one app, or of all together. */
export const Budget = Type.Object({
  dayMicroUsd: Cap('a day (UTC)'),
  monthMicroUsd: Cap('a calendar month (UTC)'),
  action: Type.Enum([...BUDGET_ACTIONS])
}, { additionalProperties: false })
export type Budget = Static<typeof Budget>

/** Stands for all apps together among their ids; no app id looks like it. */
export const ALL_APPS = '*'

export const BUDGET_PERIODS = ['day', 'month'] as const
export type BudgetPeriod = typeof BUDGET_PERIODS[number]
export const periodOf = (period: BudgetPeriod, atMs: number): string => period === 'day' ? dayOf(atMs) : monthOf(atMs)

/** What stands against the budgets of one app, or of all together. */
export interface Spend {
  /** booked by the ledger */
  booked: Record<BudgetPeriod, MicroUsd>
  /** set aside for credentials it has not booked yet, whoever issued them */
  reserved: Record<BudgetPeriod, MicroUsd>
}

/** Bytes of the client's side that a paid credential is expected to relay, most of them relaying none at all. */
export interface ExpectedUse {
  bytesIn: number
  bytesOut: number
}

/**
 * Until a provider has told what its credentials do: one in eight carries a call of a megabit per second each way, for
 * eight minutes.
 */
export const EXPECTED_USE: ExpectedUse = { bytesIn: 7_500_000, bytesOut: 7_500_000 }

/** All that paid steps are decided on. */
export interface MoneyFacts {
  readAtMs: number
  /** by app id, and ALL_APPS */
  budgets: ReadonlyMap<string, Budget>
  /** of those that have a budget */
  spend: ReadonlyMap<string, Spend>
  prices: readonly Price[]
  /** where it has been learned */
  expectedUse: ReadonlyMap<ProviderName, ExpectedUse>
}

/** One paid credential on its way into the ledger; one that was never handed out follows with the same, negative. */
export interface PaidIssue {
  atMs: number
  app: string
  provider: string
  region: string
  priceVersion: string
  bytesIn: number
  bytesOut: number
  /** set aside for it, whole */
  microUsd: number
}

/** The region of paid bytes where nobody knows it. */
export const REGION_UNKNOWN = 'global'
