import type { RelayCaps } from '../domain/app.ts'
import { monthOf, nextMonthMs, reservedCredential, WHOLE_APP } from '../domain/relay-use.ts'
import type { RelayUse } from '../domain/relay-use.ts'

/** Why a credential is refused, in words for the caller, and when asking again may help. */
export interface CapReached {
  detail: string
  retryAfterSeconds: number
}

/** A session ends when its call does: nobody knows when, so ask again soon. */
const SESSIONS_RETRY_SECONDS = 10

export const hasSessionCap = ({ appSessions, userSessions }: RelayCaps): boolean => appSessions !== null || userSessions !== null

export const hasCaps = (caps: RelayCaps): boolean =>
  caps.appGigabytesPerMonth !== null || caps.userGigabytesPerMonth !== null || hasSessionCap(caps)

/**
 * Whether one more credential for this user would pass a cap of the app: bytes already relayed this month, or sessions,
 * where a credential counts as one from the moment it is issued.
 * @param ownPlaces those this replica has given away, whether they are in `use` already or not
 * @param sessionsKnown false in an outage: what was open then has ended since, nobody knows when, and the own fleet
 * rather serves one too many
 */
export function checkCaps (caps: RelayCaps, use: RelayUse, ownPlaces: Iterable<string>, userTag: string, sessionsKnown: boolean, nowMs: number): CapReached | undefined {
  if (use.month === monthOf(nowMs)) {
    const retryAfterSeconds = Math.ceil((nextMonthMs(nowMs) - nowMs) / 1000)
    const { appGigabytesPerMonth, userGigabytesPerMonth } = caps
    if (appGigabytesPerMonth !== null && use.bytes >= appGigabytesPerMonth * 1e9) return { detail: `the app has relayed its ${appGigabytesPerMonth} GB of this month`, retryAfterSeconds }
    if (userGigabytesPerMonth !== null && use.spentUsers.has(userTag)) return { detail: `this user has relayed ${userGigabytesPerMonth} GB this month`, retryAfterSeconds }
  }
  const { appSessions, userSessions } = caps
  if (!sessionsKnown || (appSessions === null && userSessions === null)) return undefined
  const { all, own } = countSessions(use, ownPlaces, userTag)
  const retryAfterSeconds = SESSIONS_RETRY_SECONDS
  if (appSessions !== null && all >= appSessions) return { detail: `the app has ${all} of ${appSessions} sessions open`, retryAfterSeconds }
  if (userSessions !== null && own >= userSessions) return { detail: `this user has ${own} of ${userSessions} sessions open`, retryAfterSeconds }
  return undefined
}

/**
 * Open sessions, and places held for some that are not open yet: of one credential the larger of the two counts, for its
 * sessions are what the place was for. Costs as much as there are places, which are half a minute's.
 */
function countSessions ({ open, openOf, reserved }: RelayUse, ownPlaces: Iterable<string>, userTag: string): { all: number, own: number } {
  const held = new Map<string, number>()
  const hold = (place: string) => {
    const credential = reservedCredential(place)
    held.set(credential, (held.get(credential) ?? 0) + 1)
  }
  for (const place of reserved) hold(place)
  for (const place of ownPlaces) if (!reserved.has(place)) hold(place)
  let [all, own] = [openOf.get(WHOLE_APP) ?? 0, openOf.get(userTag) ?? 0]
  for (const [credential, count] of held) {
    const notOpen = Math.max(0, count - (open.get(credential) ?? 0))
    all += notOpen
    if (credential.startsWith(`${userTag}:`)) own += notOpen
  }
  return { all, own }
}
