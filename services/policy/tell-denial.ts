import { ALL_APPS } from '../domain/budget.ts'
import { formatUsd } from '../domain/money.ts'
import type { CapStanding, Denial } from './check-budget.ts'
import { OUTAGE_ALLOWANCE } from './check-budget.ts'

/** A denial as JSON shows it: amounts are text. */
export interface ToldDenial {
  reason: Denial['reason']
  cap: { app: string | null, period: 'day' | 'month', capMicroUsd: string, bookedMicroUsd: string, reservedMicroUsd: string, leftMicroUsd: string } | null
  neededMicroUsd: string | null
}

export function showDenial (denial: Denial): ToldDenial {
  return {
    reason: denial.reason,
    cap: denial.reason === 'outage_allowance_used_up' ? null : showCap(denial.cap),
    neededMicroUsd: denial.reason === 'budget_used_up' ? String(denial.neededMicroUsd) : null
  }
}

const showCap = ({ scope, period, capMicroUsd, bookedMicroUsd, reservedMicroUsd, leftMicroUsd }: CapStanding) => ({
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
  const budget = `the budget of ${cap.app === null ? 'all apps together' : `app ${cap.app}`} for the ${cap.period}`
  const call = `PUT /admin/v1/budgets${cap.app === null ? '' : `?app=${cap.app}`}`
  if (reason === 'price_unknown') return `${provider} is not tried: nobody has said what it costs, so ${budget} does not let it: put its price on the rate card (SPILLWAY_RATE_CARD_FILE of the ledger).`
  const usd = (text: string | null): string => formatUsd(BigInt(text ?? 0))
  return `${provider} is not tried: ${budget} is ${usd(cap.capMicroUsd)} dollars, ${usd(cap.bookedMicroUsd)} are spent and ${usd(cap.reservedMicroUsd)} set aside, and a credential needs ${usd(neededMicroUsd)}: raise it by ${call}, or wait for the next ${cap.period} (UTC).`
}
