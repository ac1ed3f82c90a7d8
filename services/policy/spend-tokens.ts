/**
 * One replica's lease on one limit: it may run up a debt of `most` tokens before it has paid for them out of the bucket
 * in Redis. So a request waits for no bucket, and all replicas together overshoot a limit by at most one lease each.
 */
export interface Lease {
  /** of the bucket in Redis */
  readonly name: string
  readonly perMinute: number
  readonly most: number
  /** tokens spent and not yet paid for */
  debt: number
  /** tokens in the bucket when it was last paid; before that, all */
  left: number
  /** when that was, in ms */
  atMs: number
}

/** A limit that is asked for again and again: its lease, once found, need not be looked for among a hundred thousand each time. */
export interface HeldLimit {
  readonly name: string
  /** of its rate when it was last asked for; none before that */
  lease: Lease | undefined
}

export const holdLimit = (name: string): HeldLimit => ({ name, lease: undefined })

const MINUTE_MS = 60_000
/** Three seconds' worth: far above what is spent while a payment is on its way, small against the limit. */
const LEASES_A_MINUTE = 20

export const openLease = (name: string, perMinute: number, nowMs: number): Lease =>
  ({ name, perMinute, most: Math.max(1, Math.floor(perMinute / LEASES_A_MINUTE)), debt: 0, left: perMinute, atMs: nowMs })

/** Tokens the bucket should hold by now: what was left, and what has come in since; at most a minute's worth. */
const inBucket = ({ perMinute, left, atMs }: Lease, nowMs: number): number =>
  Math.min(perMinute, left + Math.max(0, nowMs - atMs) * perMinute / MINUTE_MS)

/**
 * Takes one token of each, or of none: where one has none to give, that one is the answer. Else the one that is nearest to
 * its end.
 */
export function spend (leases: readonly Lease[], nowMs: number): { spent: boolean, lease: Lease } {
  for (const lease of leases) if (lease.debt >= lease.most) return { spent: false, lease }
  let [scarcest, least] = [leases[0] as Lease, Infinity]
  for (const lease of leases) {
    lease.debt += 1
    const share = remaining(lease, nowMs) / lease.perMinute
    if (share < least) [scarcest, least] = [lease, share]
  }
  return { spent: true, lease: scarcest }
}

/** Whether to pay: half of the lease is used up. Less may stay owed for ever; it is part of the one lease each. */
export const isPressing = (lease: Lease): boolean => lease.debt * 2 >= lease.most

/** Whether paying may give a token; a bucket last seen empty is not asked for every request it refuses. */
export const mayPay = (lease: Lease, nowMs: number): boolean => inBucket(lease, nowMs) >= 1

/** Tokens that are still to be had: in the bucket, less what is owed to it. */
export const remaining = (lease: Lease, nowMs: number): number => Math.max(0, Math.floor(inBucket(lease, nowMs)) - lease.debt)

/** Takes in what the bucket gave. */
export function settle (lease: Lease, tokens: number, left: number, nowMs: number): void {
  lease.debt -= tokens
  lease.left = left
  lease.atMs = nowMs
}

/** Redis did not answer: goes by a bucket of our own, as full as the common one should be by now. */
export function settleAlone (lease: Lease, nowMs: number): void {
  const tokens = inBucket(lease, nowMs)
  const paid = Math.min(lease.debt, Math.floor(tokens))
  settle(lease, paid, tokens - paid, nowMs)
}

/** Until there is a token again, in whole seconds, at least one. */
export const retryAfterSeconds = ({ perMinute }: Lease): number => Math.max(1, Math.ceil(60 / perMinute))

/** Until the bucket is full again, in whole seconds. */
export const resetSeconds = (lease: Lease, nowMs: number): number => Math.ceil((lease.perMinute - remaining(lease, nowMs)) * 60 / lease.perMinute)
