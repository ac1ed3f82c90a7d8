import { hasToken, isPressing, openLease, settle, settleAlone } from '../policy/spend-tokens.ts'
import type { Lease } from '../policy/spend-tokens.ts'
import { takeTokens } from '../store/rate-limits.ts'
import type { Redis } from '../store/connect.ts'
import { RecentMap } from '../runtime/recent-map.ts'
import { repeat } from '../runtime/repeat.ts'

/** Leases held at a time, about 200 bytes each; one that nobody used for long goes. */
const MAX_LEASES = 100_000
/** How soon a bucket that had too little is asked again. */
const PAY_MS = 200
/** Buckets a script: bounds how long it holds up Redis. */
const PAYMENTS_A_SCRIPT = 500
/** How long a request may wait for a payment under way, where its lease is used up in the middle of a burst. */
const WAIT_MS = 250

export interface Limit {
  name: string
  perMinute: number
}

/** `spent`: one token of each · `refused`: none of any, and the lease that has none to give */
export type Verdict = { outcome: 'spent' | 'refused', lease: Lease }

/**
 * Spends tokens of several limits at once, all or none. Answers at once from leases; a lease half used up is paid for
 * behind the reply, so who asks now and then costs Redis nothing. Only where a burst uses up a lease while its payment is
 * under way, the request waits for that.
 */
export function createRequestLimits (redis: Redis, now: () => number, onError: (error: Error) => void) {
  const leases = new RecentMap<string, Lease>(MAX_LEASES)
  const owing = new Set<Lease>()
  let payment: Promise<void> | undefined

  function leaseOf ({ name, perMinute }: Limit): Lease {
    const held = leases.get(name)
    if (held?.perMinute === perMinute) return held
    const lease = openLease(name, perMinute)
    leases.set(name, lease)
    return lease
  }

  async function pay (): Promise<void> {
    const due = [...owing]
    owing.clear()
    for (let at = 0; at < due.length; at += PAYMENTS_A_SCRIPT) await payFor(due.slice(at, at + PAYMENTS_A_SCRIPT))
  }

  async function payFor (due: readonly Lease[]): Promise<void> {
    try {
      const paid = await takeTokens(redis, due.map(({ limit, perMinute, debt }) => ({ limit, perMinute, tokens: debt })))
      for (const [index, { tokens, left }] of paid.entries()) settle(due[index] as Lease, tokens, left)
    } catch (error) {
      onError(error as Error)
      for (const lease of due) settleAlone(lease, now())
    }
    for (const lease of due) if (isPressing(lease)) owing.add(lease)
  }

  /** One payment at a time; what falls due meanwhile goes into the next. */
  async function payNow (): Promise<void> {
    payment ??= pay().finally(() => { payment = undefined })
    await payment
  }
  const paying = repeat(PAY_MS, async () => { if (owing.size > 0) await payNow() }, onError)

  function trySpend (wanted: readonly Lease[]): Verdict {
    const empty = wanted.find(lease => !hasToken(lease))
    if (empty) return { outcome: 'refused', lease: empty }
    let scarcest = wanted[0] as Lease
    for (const lease of wanted) {
      lease.debt += 1
      if (isPressing(lease)) owing.add(lease)
      if ((lease.left - lease.debt) * scarcest.perMinute < (scarcest.left - scarcest.debt) * lease.perMinute) scarcest = lease
    }
    if (owing.size > 0 && !payment) payNow().catch(onError)
    return { outcome: 'spent', lease: scarcest }
  }

  return {
    spend (limits: readonly Limit[]): Verdict | Promise<Verdict> {
      const wanted = limits.map(leaseOf)
      const verdict = trySpend(wanted)
      // a bucket last seen empty is not asked again for every request it refuses
      if (verdict.outcome === 'spent' || verdict.lease.left === 0) return verdict
      return Promise.race([payNow(), timeout(WAIT_MS)]).then(() => trySpend(wanted))
    },
    stop: async (): Promise<void> => {
      await paying.stop()
      await pay().catch(() => {})
    }
  }
}
export type RequestLimitsKeeper = ReturnType<typeof createRequestLimits>

const timeout = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms) })
