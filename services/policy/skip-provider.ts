import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { RouteRequest } from './route-request.ts'

/** Why a provider gets no step of a plan though it stands in the order, by whose doing: the app's, its budget's, its own. */
export const SKIP_REASONS = ['paid_spill_off', 'budget', 'circuit_open'] as const
export type SkipReason = typeof SKIP_REASONS[number]

/** Undefined where it may be asked. The own fleet is judged by its nodes, not here. */
export function skipReasonOf ({ paidSpill, denials, openCircuits }: Pick<RouteRequest, 'paidSpill' | 'denials' | 'openCircuits'>, provider: ProviderName): SkipReason | undefined {
  if (!isPaid(provider)) return undefined
  if (!paidSpill) return 'paid_spill_off'
  if (denials?.has(provider) === true) return 'budget'
  return openCircuits?.has(provider) === true ? 'circuit_open' : undefined
}

export interface Skipped { provider: ProviderName, reason: SkipReason }

/** Who was passed over in favour of a step: those of the order before it, or all before `stun` where the full fleet serves: it comes right before that, wherever `stun` stands. */
export function skippedBefore (request: RouteRequest, available: readonly ProviderName[], step: { provider: ProviderName, reason: string }): Skipped[] {
  const stun = available.indexOf('stun')
  const ownEnd = stun === -1 ? available.length : stun
  if (available[0] === step.provider && step.reason !== 'no_room') return []
  const before = available.slice(0, step.reason === 'no_room' ? ownEnd : available.indexOf(step.provider))
  return before.flatMap(provider => {
    const reason = skipReasonOf(request, provider)
    return reason === undefined ? [] : [{ provider, reason }]
  })
}
