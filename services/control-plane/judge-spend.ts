import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import { checkBudget } from '../policy/check-budget.ts'
import type { CapStanding, Denial, OwnSpend } from '../policy/check-budget.ts'
import type { RouteRequest } from '../policy/route-request.ts'
import type { KnownCaller } from './admit-caller.ts'
import type { Provider, Providers } from './providers/provider.ts'
import type { SpendGate } from './reserve-spend.ts'

type BudgetFacts = Required<Pick<RouteRequest, 'denials' | 'warnings'>>
const NOTHING: BudgetFacts = { denials: new Map(), warnings: [] }

/** What the budgets say of the paid providers of the order, as this replica knows it: Redis has the last word. */
export function budgetFacts ({ app, snapshot, nowMs }: KnownCaller, available: readonly ProviderName[], ownSpend: () => OwnSpend): BudgetFacts {
  const paid = available.filter(isPaid)
  if (paid.length === 0 || !app.paidSpill || !snapshot.money) return NOTHING
  const own = ownSpend()
  const denials = new Map<ProviderName, Denial>()
  const warnings = new Map<string, CapStanding>()
  for (const provider of paid) {
    const verdict = checkBudget(snapshot.money, app.id, provider, undefined, own, nowMs)
    if (!verdict.allowed) denials.set(provider, verdict)
    else for (const cap of verdict.warnings) warnings.set(`${cap.scope} ${cap.period}`, cap)
  }
  return { denials, warnings: [...warnings.values()] }
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
