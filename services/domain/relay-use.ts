/** A credential as a session of it is known by: `<user tag>:<expiry in unix seconds>`. */
export const credentialName = (userTag: string, expiresAtSeconds: number): string => `${userTag}:${expiresAtSeconds}`

/** What stands of an app against its relay caps; read for apps that have any. */
export interface RelayUse {
  /** the month the bytes were relayed in, yyyymm */
  month: string
  /** bytes relayed this month, both directions */
  bytes: number
  /** tags of the users that have reached their own cap of bytes */
  spentUsers: ReadonlySet<string>
  /** open sessions by credential */
  open: ReadonlyMap<string, number>
  /** the same by user tag, and of all together under WHOLE_APP: counted once, judged by many times */
  openOf: ReadonlyMap<string, number>
  /** credentials issued a moment ago, by whichever replica, that may not have become a session yet; see reservation */
  reserved: ReadonlySet<string>
}

/** A place held for a credential: its name, and behind a blank what tells two issues of it apart. */
export const reservation = (credential: string, issue: string): string => `${credential} ${issue}`
export const reservedCredential = (place: string): string => place.slice(0, place.indexOf(' '))

/** What counts the whole app among the tags of its users; no tag looks like it. */
export const WHOLE_APP = '*'

/** Open sessions by user tag, and of the whole app. */
export function sumOpen (open: ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map([[WHOLE_APP, 0]])
  for (const [credential, count] of open) {
    const userTag = credential.slice(0, credential.indexOf(':'))
    for (const name of [WHOLE_APP, userTag]) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return sums
}

/** `yyyymm` in UTC: the month caps count in. */
export const monthOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 7).replace('-', '')

/** When the month after this moment begins, in ms. */
export function nextMonthMs (atMs: number): number {
  const at = new Date(atMs)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
}

/** What a month has relayed is kept for two months from its first byte, so there are three at most. */
export const RELAYED_TTL_SECONDS = 62 * 24 * 3600
export const RELAYED_MONTHS = 3

/** This month and those before it, `yyyymm`, `count` in all. */
export function monthsBack (atMs: number, count: number): string[] {
  const at = new Date(atMs)
  return Array.from({ length: count }, (_, back) => monthOf(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - back)))
}

/** How long a credential holds a place for the sessions it is for: clients allocate as soon as they have it. */
export const RESERVATION_MS = 30_000
