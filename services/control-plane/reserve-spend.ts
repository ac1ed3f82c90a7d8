import { ALL_APPS } from '../domain/budget.ts'
import type { MoneyFacts, PaidIssue } from '../domain/budget.ts'
import type { ProviderName } from '../domain/provider.ts'
import { checkBudget, describePaidIssue } from '../policy/check-budget.ts'
import type { CapStanding, OwnSpend } from '../policy/check-budget.ts'
import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { reserveSpend } from '../store/paid-issues.ts'
import { createOwnSpend } from './own-spend.ts'
import type { ReservationOutcome } from './provider-metrics.ts'
import { createSpendTeller } from './tell-spend.ts'

/** What Redis could not be told in time it is told this often. */
const FLUSH_MS = 200
/** Redis answers within a millisecond or is away; a request has more to wait for than this. */
const PATIENCE_MS = 300

/** A paid credential may not be issued now; the next step of the plan is tried. */
export class SpendRefused extends Error {}

/** What was set aside for one paid credential. */
export interface Hold {
  /** It was not handed out after all. */
  cancel: () => void
}

export interface SpendGateOptions {
  redis: Redis
  /** as last read; undefined before the first time */
  money: () => MoneyFacts | undefined
  /** whether Redis is known to be away, or not to be believed */
  isOutage: () => boolean
  now: () => number
  /** what became of each reservation, one word each */
  onReserved: (provider: ProviderName, outcome: ReservationOutcome) => void
  /** a credential passes caps that are only to be told of */
  onWarning: (caps: readonly CapStanding[], nowMs: number) => void
  onError: (error: Error) => void
}

/**
 * The one way to a paid provider: sets aside what a credential is expected to cost, in Redis, where all replicas ask. While
 * that is away it goes by what was last read and the local allowance, and tells what it has spent once Redis is back. What
 * may have reached Redis or not is rather counted twice than not at all.
 */
export function createSpendGate ({ redis, money, isOutage, now, onReserved, onWarning, onError }: SpendGateOptions) {
  const own = createOwnSpend()
  const teller = createSpendTeller(redis, own, now)
  /** undefined while Redis answers */
  let issuedInOutage: number | undefined

  const ownSpend = (): OwnSpend => ({
    since: (scope, period) => own.since(money()?.readAtMs ?? 0, scope, period),
    issuedInOutage: issuedInOutage ?? (isOutage() ? 0 : undefined)
  })

  /** True where Redis has set it aside; false where it is away. @throws SpendRefused */
  async function reserveInRedis (issue: PaidIssue): Promise<boolean> {
    let refused
    try {
      refused = await within(PATIENCE_MS, reserveSpend(redis, issue))
    } catch (error) {
      onError(error as Error)
      return false
    }
    issuedInOutage = undefined
    if (refused) throw new SpendRefused(`what is left of the budget of ${refused.scope === ALL_APPS ? 'all apps together' : `app ${refused.scope}`} for the ${refused.period} is less than ${issue.microUsd} micro-USD`)
    own.keep(issue, now())
    return true
  }

  /** @throws SpendRefused */
  function reserveAlone (facts: MoneyFacts, issue: PaidIssue, provider: ProviderName): void {
    issuedInOutage ??= 0
    const verdict = checkBudget(facts, issue.app, provider, issue.region, ownSpend(), issue.atMs)
    if (!verdict.allowed) throw new SpendRefused(`while Redis is away: ${verdict.reason}`)
    issuedInOutage += 1
    teller.add(issue)
  }

  function cancel (issue: PaidIssue): void {
    if (teller.cancel(issue) && issuedInOutage !== undefined) issuedInOutage -= 1
  }

  async function flush (): Promise<void> {
    await teller.tellIssued()
    // Redis may answer and not be believed: then the allowance goes on until it is, though nothing is left to tell by then
    if (teller.waiting === 0 && !isOutage()) issuedInOutage = undefined
    await teller.tellTakenBack()
  }
  const flushing = repeat(FLUSH_MS, flush, onError)

  return {
    ownSpend,

    /** @throws SpendRefused */
    async reserve (app: string, provider: ProviderName, region?: string): Promise<Hold> {
      const facts = money()
      if (!facts) {
        onReserved(provider, 'failed')
        throw new SpendRefused('budgets have not been read yet')
      }
      const issue = describePaidIssue(facts, app, provider, region, now())
      const known = checkBudget(facts, app, provider, region, ownSpend(), issue.atMs)
      try {
        const isReserved = !isOutage() && await reserveInRedis(issue)
        if (!isReserved) reserveAlone(facts, issue, provider)
        onReserved(provider, isReserved ? 'reserved' : 'local')
      } catch (error) {
        onReserved(provider, 'denied')
        throw error
      }
      if (known.allowed && known.warnings.length > 0) onWarning(known.warnings, issue.atMs)
      return { cancel: () => { cancel(issue) } }
    },

    /** What waits is told before the process ends, if Redis is there. */
    stop: async (): Promise<void> => {
      await flushing.stop()
      await flush().catch(onError)
    }
  }
}
export type SpendGate = ReturnType<typeof createSpendGate>

async function within<T> (deadlineMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    // where we were busy ourselves, the answer lies in the socket: it is read between a timer and the next immediate
    timer = setTimeout(() => { setImmediate(() => { reject(new Error(`Redis does not answer within ${deadlineMs} ms`)) }) }, deadlineMs)
  })
  return await Promise.race([promise, late]).finally(() => { clearTimeout(timer) })
}
