import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import { checkBudget } from '../policy/check-budget.ts'
import type { Denial, OwnSpend } from '../policy/check-budget.ts'
import type { KnownCaller } from './admit-caller.ts'
import type { Provider, Providers } from './providers/provider.ts'
import type { SpendGate } from './reserve-spend.ts'

const NONE: ReadonlyMap<ProviderName, Denial> = new Map()

/** What the budgets have against each paid provider of the order, as this replica knows it: Redis has the last word. */
export function denialsFor ({ app, snapshot, nowMs }: KnownCaller, available: readonly ProviderName[], ownSpend: () => OwnSpend): ReadonlyMap<ProviderName, Denial> {
  const paid = available.filter(isPaid)
  if (paid.length === 0 || !app.paidSpill || !snapshot.money) return NONE
  const own = ownSpend()
  const denials = new Map<ProviderName, Denial>()
  for (const provider of paid) {
    const verdict = checkBudget(snapshot.money, app.id, provider, undefined, own, nowMs)
    if (!verdict.allowed) denials.set(provider, verdict)
  }
  return denials
}

/** The same providers, but that none which sends a bill is asked before the money is set aside. */
export function capSpend (providers: Providers, gate: Pick<SpendGate, 'reserve'>): Providers {
  return Object.fromEntries(Object.entries(providers).map(([name, provider]) =>
    [name, isPaid(name as ProviderName) ? cap(name as ProviderName, provider as Provider, gate) : provider])) as Providers
}

const cap = (name: ProviderName, provider: Provider, gate: Pick<SpendGate, 'reserve'>): Provider => ({
  async mint (request, ...more) {
    const hold = await gate.reserve(request.app, name)
    try {
      return await provider.mint(request, ...more)
    } catch (error) {
      hold.cancel()
      throw error
    }
  }
})
