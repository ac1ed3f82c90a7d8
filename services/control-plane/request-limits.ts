import { isPressing, mayPay, openLease, settle, settleAlone, spend } from '../policy/spend-tokens.ts'
import type { HeldLimit, Lease } from '../policy/spend-tokens.ts'
import { takeTokens } from '../store/rate-limits.ts'
import type { Redis } from '../store/connect.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { repeat } from '../runtime/repeat.ts'

/** Leases held at a time, about 200 bytes each; one that was neither looked for nor paid for long goes. */
const MAX_LEASES = 100_000
/** How soon a bucket that had too little is asked again. */
const PAY_MS = 200
/** Buckets a script: bounds how long it holds up Redis. */
const PAYMENTS_A_SCRIPT = 500
/** How long a request may wait for a payment under way, where its lease is used up in the middle of a burst. */
const WAIT_MS = 250

/** What a limit is on, in words for who has reached it. */
export type Scope = 'of this app' | 'with publishable keys of this app' | 'for this user' | 'from this address'

export interface Limit {
  held: HeldLimit
  scope: Scope
  perMinute: number
}

/** Whether one token of each was spent; if not, none was of any. `lease` is of the limit that decided, or is nearest to its end. */
export interface Verdict {
  spent: boolean
  lease: Lease
  scope: Scope
}

/**
 * Spends tokens of several limits at once, all or none. Answers at once from leases; a lease half used up is paid for
 * behind the reply, so who asks now and then costs Redis nothing. Only where a burst uses up a lease faster than it can
 * be paid for, the request waits for that.
 */
export function createRequestLimits (redis: Redis, now: () => number, onError: (error: Error) => void) {
  const leases = new RecentMap<string, Lease>(MAX_LEASES)
  /** to be paid at once */
  const owing = new Set<Lease>()
  /** their bucket had too little: to be paid with the next turn, whoever else pays in between */
  const unpaid = new Set<Lease>()
  let payment: Promise<void> | undefined
  let next: Promise<void> | undefined

  function leaseOf ({ held, perMinute }: Limit): Lease {
    if (held.lease?.perMinute !== perMinute) held.lease = findLease(held.name, perMinute)
    return held.lease
  }

  function findLease (name: string, perMinute: number): Lease {
    const held = leases.get(name)
    if (held?.perMinute === perMinute) return held
    const lease = openLease(name, perMinute, now())
    leases.set(name, lease)
    return lease
  }

  /** Who holds a lease does not look for it, and whoever comes next must find the same one. */
  function keepYoung (lease: Lease): void {
    if (leases.get(lease.name) === undefined) leases.set(lease.name, lease)
  }

  async function pay (): Promise<void> {
    const due = [...owing]
    owing.clear()
    for (let at = 0; at < due.length; at += PAYMENTS_A_SCRIPT) {
      // one script that fails stands for all behind it: waiting for each would hold up the rest for as long again
      if (!await payFor(due.slice(at, at + PAYMENTS_A_SCRIPT))) {
        for (const lease of due.slice(at)) settleAlone(lease, now())
        break
      }
    }
    for (const lease of due) {
      if (isPressing(lease)) unpaid.add(lease)
      keepYoung(lease)
    }
  }

  async function payFor (due: readonly Lease[]): Promise<boolean> {
    try {
      const paid = await takeTokens(redis, due.map(({ name, perMinute, debt }) => ({ limit: name, perMinute, tokens: debt })))
      for (const [index, { tokens, left }] of paid.entries()) settle(due[index] as Lease, tokens, left, now())
      return true
    } catch (error) {
      onError(error as Error)
      return false
    }
  }

  /** A payment that begins after this call; one at a time, and what falls due meanwhile goes into the next. */
  function payNow (): Promise<void> {
    if (!payment) {
      payment = pay().finally(() => { payment = undefined })
      return payment
    }
    next ??= payment.then(async () => {
      next = undefined
      await payNow()
    })
    return next
  }
  const paying = repeat(PAY_MS, async () => {
    for (const lease of unpaid) owing.add(lease)
    unpaid.clear()
    if (owing.size > 0) await payNow()
  }, onError)

  function trySpend (limits: readonly Limit[], leases: readonly Lease[]): Verdict {
    const { spent, lease } = spend(leases, now())
    if (spent) {
      for (const one of leases) if (isPressing(one) && !unpaid.has(one)) owing.add(one)
      if (owing.size > 0 && !payment) payNow().catch(onError)
    }
    return { spent, lease, scope: limits[leases.indexOf(lease)]?.scope ?? 'of this app' }
  }

  /** A burst: pays and tries again, for as long as there is something to pay with. */
  async function spendBehindPayment (limits: readonly Limit[], leases: readonly Lease[], verdict: Verdict): Promise<Verdict> {
    const untilMs = now() + WAIT_MS
    while (!verdict.spent && mayPay(verdict.lease, now()) && now() < untilMs) {
      owing.add(verdict.lease)
      await Promise.race([payNow(), timeout(untilMs - now())])
      verdict = trySpend(limits, leases)
    }
    return verdict
  }

  return {
    spend (limits: readonly Limit[]): Verdict | Promise<Verdict> {
      const leases = limits.map(leaseOf)
      const verdict = trySpend(limits, leases)
      return verdict.spent || !mayPay(verdict.lease, now()) ? verdict : spendBehindPayment(limits, leases, verdict)
    },
    stop: async (): Promise<void> => {
      await paying.stop()
      await payNow().catch(onError)
    }
  }
}
export type RequestLimitsKeeper = ReturnType<typeof createRequestLimits>

const timeout = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms) })
