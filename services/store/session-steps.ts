import { PROBE_APP } from '../domain/turn-credential.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { readSessions } from './session-records.ts'
import type { SessionRecord } from './session-records.ts'
import { sessionMember } from './usage-ledger.ts'

/** Records a step: answers that are read meanwhile wait for few. Five times as many walk no faster, and make others wait six times as long. */
export const SESSIONS_A_STEP = 100

/** A place in an index of sessions: behind the session of this member as it was last heard of then. */
export interface SessionPlace {
  atMs: number
  member: string
}

/** One step through an index: its sessions, each with the place behind it, and where the next step begins. */
export interface SessionStep {
  found: Array<{ session: SessionRecord, place: SessionPlace }>
  /** undefined: that was all */
  next: SessionPlace | undefined
}

/**
 * One step of at most `count` entries. Open sessions come with the longest silent first: one that is heard of meanwhile
 * goes to the end and is met there, so whoever walks all steps misses none, but may see one twice. Ended ones do not
 * move, and come with the last ended first.
 * @param ofNode reads the records of this node's sessions only
 */
export async function stepSessions (redis: Redis, kind: 'open' | 'ended', from: SessionPlace | undefined, count: number, ofNode?: string): Promise<SessionStep> {
  const { places, end } = kind === 'open' ? await readPlaces(redis, centralKeys.sessionsOpen, from, count, false) : await readPlaces(redis, centralKeys.sessionsEnded, from, count, true)
  const byMember = new Map(places.filter(({ member }) => ofNode === undefined || member.startsWith(`${ofNode}:`)).map(place => [place.member, place]))
  const sessions = await readSessions(redis, [...byMember.keys()])
  const found = sessions.flatMap(session => {
    const place = byMember.get(sessionMember(session.node, session.boot, session.allocation))
    return place ? [{ session, place }] : []
  })
  return { found, next: end }
}

/** What lies behind a place. Members of one moment lie in the order of their bytes, which for these names is that of their characters. */
async function readPlaces (redis: Redis, index: string, from: SessionPlace | undefined, count: number, descending: boolean): Promise<{ places: SessionPlace[], end: SessionPlace | undefined }> {
  const lies = (place: SessionPlace): boolean => from === undefined || place.atMs !== from.atMs || (descending ? place.member < from.member : place.member > from.member)
  for (let skip = 0; ; skip += count) {
    const answer = descending
      ? await redis.zrange(index, from?.atMs ?? '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', skip, count, 'WITHSCORES')
      : await redis.zrange(index, from?.atMs ?? '-inf', '+inf', 'BYSCORE', 'LIMIT', skip, count, 'WITHSCORES')
    const read: SessionPlace[] = []
    for (let at = 0; at < answer.length; at += 2) read.push({ member: answer[at] ?? '', atMs: Number(answer[at + 1]) })
    const places = read.filter(lies)
    if (read.length < count) return { places, end: undefined }
    // many of one moment: this step was all before the place
    if (places.length > 0) return { places, end: places.at(-1) }
  }
}

/** How many sessions of apps stand open in the ledger for a node. */
export async function countOpenSessionsOf (redis: Redis, node: string): Promise<number> {
  let open = 0
  for (let from: SessionPlace | undefined; ;) {
    const { found, next } = await stepSessions(redis, 'open', from, SESSIONS_A_STEP, node)
    open += found.filter(({ session }) => session.app !== PROBE_APP).length
    if (!next) return open
    from = next
  }
}
