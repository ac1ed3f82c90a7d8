import { ALL_APPS } from '../domain/budget.ts'
import { formatUsd } from '../domain/money.ts'
import type { CapStanding, Denial } from './check-budget.ts'
import { OUTAGE_ALLOWANCE } from './check-budget.ts'

/** A cap as JSON shows it: amounts are text. */
export interface ToldCap { app: string | null, period: 'day' | 'month', capMicroUsd: string, bookedMicroUsd: string, reservedMicroUsd: string, leftMicroUsd: string }

/** The same of a denial. */
export interface ToldDenial {
  reason: Denial['reason']
  cap: ToldCap | null
  neededMicroUsd: string | null
}

export function showDenial (denial: Denial): ToldDenial {
  return {
    reason: denial.reason,
    cap: denial.reason === 'outage_allowance_used_up' ? null : showCap(denial.cap),
    neededMicroUsd: denial.reason === 'budget_used_up' ? String(denial.neededMicroUsd) : null
  }
}

export const showCap = ({ scope, period, capMicroUsd, bookedMicroUsd, reservedMicroUsd, leftMicroUsd }: CapStanding): ToldCap => ({
  app: scope === ALL_APPS ? null : scope,
  period,
  capMicroUsd: String(capMicroUsd),
  bookedMicroUsd: String(bookedMicroUsd),
  reservedMicroUsd: String(reservedMicroUsd),
  leftMicroUsd: String(leftMicroUsd)
})

/** Why a paid provider is not tried, and what to do about it. */
export function tellDenial (provider: string, { reason, cap, neededMicroUsd }: ToldDenial): string {
  if (cap === null) return `${provider} is not tried: the central Redis is away, and the ${OUTAGE_ALLOWANCE} paid credentials this replica may issue without it are issued. Bring it back.`
  const budget = nameOf(cap)
  if (reason === 'price_unknown') return `${provider} is not tried: nobody has said what it costs, so ${budget} does not let it: put its price on the rate card (SPILLWAY_RATE_CARD_FILE of the ledger).`
  return `${provider} is not tried: ${budget} is ${standing(cap)}, and a credential needs ${usd(neededMicroUsd)}: raise it by ${callFor(cap)}, or wait for the next ${cap.period} (UTC).`
}

/** A cap that is passed and only to be told of, and how to have it keep. */
export const tellCapPassed = (cap: ToldCap): string =>
  `Paid providers go on, though ${nameOf(cap)} is passed: it is ${standing(cap)}. Its action is warn: ${callFor(cap)} with deny-spill makes it keep.`

const nameOf = ({ app, period }: ToldCap): string => `the budget of ${app === null ? 'all apps together' : `app ${app}`} for the ${period}`
const callFor = ({ app }: ToldCap): string => `PUT /admin/v1/budgets${app === null ? '' : `?app=${app}`}`
const usd = (text: string | null): string => formatUsd(BigInt(text ?? 0))
const standing = ({ capMicroUsd, bookedMicroUsd, reservedMicroUsd }: ToldCap): string => `${usd(capMicroUsd)} dollars, ${usd(bookedMicroUsd)} are spent and ${usd(reservedMicroUsd)} set aside`
