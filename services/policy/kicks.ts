import { KICK_MARGIN_MS, KICK_REFUSED_MS, MAX_KICKS } from '../domain/kick.ts'
import type { Kick, SessionKick, UserKick } from '../domain/kick.ts'
import type { DesiredNode, NodeFacts } from '../domain/node.ts'

type Wish = Pick<DesiredNode, 'kicks'>

const kicksOf = ({ kicks = [] }: Wish): readonly Kick[] => kicks
const isUserKick = (kick: Kick): kick is UserKick => 'userTag' in kick
/** What one kick replaces another of. */
export const kickName = (kick: Kick): string => isUserKick(kick) ? kick.userTag : `${kick.boot}:${kick.allocation}`

/** The wish with these kicks; without any it has no list. */
function withKicks ({ kicks: _, ...desired }: DesiredNode, kicks: readonly Kick[]): DesiredNode {
  return kicks.length === 0 ? desired : { ...desired, kicks: [...kicks] }
}

/** What still stands at a moment. */
const standing = (kicks: readonly Kick[], nowMs: number): Kick[] => kicks.filter(({ untilMs }) => nowMs < untilMs + KICK_MARGIN_MS)

/**
 * The wish with one more kick. It takes the place of an older one of the same user or session, whichever ends first: what
 * was asked last counts.
 * @returns undefined where there is no room for it
 */
export function addKick (desired: DesiredNode, kick: Kick, nowMs: number): DesiredNode | undefined {
  const others = standing(kicksOf(desired), nowMs).filter(other => kickName(other) !== kickName(kick))
  return others.length >= MAX_KICKS ? undefined : withKicks(desired, [...others, kick])
}

/** The wish without the kick of a user. */
export const liftKick = (desired: DesiredNode, userTag: string): DesiredNode =>
  withKicks(desired, kicksOf(desired).filter(kick => kickName(kick) !== userTag))

/** The wish without kicks that are over; undefined where all of them stand. */
export function dropEndedKicks (desired: DesiredNode, nowMs: number): DesiredNode | undefined {
  const kicks = kicksOf(desired)
  const left = standing(kicks, nowMs)
  return left.length === kicks.length ? undefined : withKicks(desired, left)
}

/** Users kept out anywhere in the fleet, and until when, in ms; undefined where there are none. */
export function kickedUsers (nodes: readonly Pick<NodeFacts, 'desired'>[]): ReadonlyMap<string, number> | undefined {
  const kicked = new Map<string, number>()
  for (const { desired } of nodes) {
    for (const kick of kicksOf(desired)) if (isUserKick(kick)) kicked.set(kick.userTag, Math.max(kick.untilMs, kicked.get(kick.userTag) ?? 0))
  }
  return kicked.size === 0 ? undefined : kicked
}

/** Users credentials are refused to, and until when: those that are kept out, and for a moment those that just were, whose kick agents may still act on. */
export function refusedUsers (before: ReadonlyMap<string, number> | undefined, nodes: readonly Pick<NodeFacts, 'desired'>[], nowMs: number): ReadonlyMap<string, number> | undefined {
  // of a kick that was lifted, its end is still to come
  const justEnded = [...before ?? []].filter(([, untilMs]) => nowMs >= untilMs && nowMs < untilMs + KICK_REFUSED_MS)
  return justEnded.length === 0 ? kickedUsers(nodes) : new Map([...justEnded, ...kickedUsers(nodes) ?? []])
}

/** The wish for a node that comes to a fleet, with the users that are kept out of it. */
export function inheritKicks (desired: DesiredNode, nodes: readonly NodeFacts[]): DesiredNode {
  return withKicks(desired, [...kickedUsers(nodes) ?? []].map(([userTag, untilMs]) => ({ userTag, untilMs })))
}

/** Until when credentials are refused to a user, in ms; undefined where they are not. */
export function refusedUntil (kicked: ReadonlyMap<string, number> | undefined, userTag: string, nowMs: number): number | undefined {
  const untilMs = kicked?.get(userTag)
  return untilMs !== undefined && nowMs < untilMs + KICK_REFUSED_MS ? untilMs : undefined
}

/** A live session as an agent knows it. */
export interface KickableSession {
  allocation: string
  userTag: string | undefined
}

/** Of the sessions of a boot of coturn those that one of these kicks means. */
export function findKicked (kicks: readonly Kick[], boot: string, sessions: Iterable<KickableSession>): string[] {
  const users = new Set(kicks.filter(isUserKick).map(({ userTag }) => userTag))
  const allocations = new Set(kicks.filter((kick): kick is SessionKick => !isUserKick(kick) && kick.boot === boot).map(({ allocation }) => allocation))
  const found: string[] = []
  for (const { allocation, userTag } of sessions) {
    if (allocations.has(allocation) || (userTag !== undefined && users.has(userTag))) found.push(allocation)
  }
  return found
}
