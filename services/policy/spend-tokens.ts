/**
 * One replica's lease on one limit: it may run up a debt of `most` tokens before it has paid for them out of the bucket
 * in Redis. So a request waits for no bucket, and all replicas together overshoot a limit by at most one lease each.
 */
export interface Lease {
  readonly limit: string
  readonly perMinute: number
  readonly most: number
  /** tokens spent and not yet paid for */
  debt: number
  /** tokens in the bucket when it was last paid; before that, all */
  left: number
  /** as long as Redis is away: this replica's own bucket, a whole one each */
  own: { tokens: number, atMs: number } | undefined
}

const MINUTE_MS = 60_000
/** Three seconds' worth: far above what is spent while a payment is on its way, small against the limit. */
const LEASES_A_MINUTE = 20

export const openLease = (limit: string, perMinute: number): Lease =>
  ({ limit, perMinute, most: Math.max(1, Math.floor(perMinute / LEASES_A_MINUTE)), debt: 0, left: perMinute, own: undefined })

export const hasToken = (lease: Lease): boolean => lease.debt < lease.most

/** Whether to pay: half of the lease is used up. Less may stay owed for ever; it is part of the one lease each. */
export const isPressing = (lease: Lease): boolean => lease.debt * 2 >= lease.most

/** Tokens that are still to be had: in the bucket, less what is owed to it. */
export const remaining = (lease: Lease): number => Math.max(0, lease.left - lease.debt)

/** Takes in what the bucket gave. */
export function settle (lease: Lease, tokens: number, left: number): void {
  lease.debt -= tokens
  lease.left = left
  lease.own = undefined
}

/** Redis did not answer: pays out of a bucket of our own, which begins as full as the common one was last seen. */
export function settleAlone (lease: Lease, nowMs: number): void {
  const { tokens, atMs } = lease.own ?? { tokens: lease.left, atMs: nowMs }
  const full = Math.min(lease.perMinute, tokens + (nowMs - atMs) * lease.perMinute / MINUTE_MS)
  const paid = Math.min(lease.debt, Math.floor(full))
  lease.debt -= paid
  lease.own = { tokens: full - paid, atMs: nowMs }
  lease.left = Math.floor(full - paid)
}

/** Until there is a token again, in whole seconds, at least one. */
export const retryAfterSeconds = ({ perMinute }: Lease): number => Math.max(1, Math.ceil(60 / perMinute))

/** Until the bucket is full again, in whole seconds. */
export const resetSeconds = (lease: Lease): number => Math.ceil((lease.perMinute - remaining(lease)) * 60 / lease.perMinute)
