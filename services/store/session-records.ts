import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import type { SessionState, Traffic } from '../domain/session.ts'
import { credentialName } from '../domain/relay-use.ts'
import { PROBE_APP } from '../domain/turn-credential.ts'
import { dayOfPeriod, hourOf, rowSuffix } from '../domain/usage.ts'
import { centralKeys } from './keys.ts'
import { LOST_SESSION_TTL_SECONDS, sessionMember } from './usage-ledger.ts'

/** One session as the ledger has booked it so far. */
export interface SessionRecord extends Traffic {
  node: string
  boot: string
  allocation: string
  app: string
  userTag: string
  expiresAtSeconds: number
  provider: string
  region: string
  state: SessionState
  startedAtMs: number
  atMs: number
  seconds: number
}

/** One session by its id, `<node>:<boot>:<allocation>`; undefined where the ledger does not know it, or no longer. */
export const readSession = async (redis: Redis, id: string): Promise<SessionRecord | undefined> => (await readSessions(redis, [id]))[0]

/** Members of the open index of which nothing was heard since `silentSinceMs`, the longest silent first. */
export async function listSilent (redis: Redis, silentSinceMs: number, count: number): Promise<SessionRecord[]> {
  const members = await redis.zrange(centralKeys.sessionsOpen, '-inf', String(silentSinceMs), 'BYSCORE', 'LIMIT', 0, count)
  return await readSessions(redis, members)
}

/** The records of these members of an index; one that has expired is left out. */
export async function readSessions (redis: Redis, members: readonly string[]): Promise<SessionRecord[]> {
  const pipeline = redis.pipeline()
  for (const member of members) pipeline.hgetall(centralKeys.session(member))
  const answers = await answersOf(pipeline.exec())
  const records: SessionRecord[] = []
  for (const [index, member] of members.entries()) {
    const hash = answers[index] as Record<string, string>
    if (!hash.state) continue
    const [node = '', boot = '', allocation = ''] = member.split(':')
    const count = (field: string) => Number(hash[field] ?? 0)
    records.push({
      node,
      boot,
      allocation,
      app: hash.app ?? '',
      userTag: hash.userTag ?? '',
      expiresAtSeconds: count('expiresAt'),
      provider: hash.provider ?? '',
      region: hash.region ?? '',
      state: hash.state as SessionState,
      startedAtMs: count('startedAt'),
      atMs: count('at'),
      seconds: count('seconds'),
      packetsIn: count('packetsIn'),
      bytesIn: count('bytesIn'),
      packetsOut: count('packetsOut'),
      bytesOut: count('bytesOut')
    })
  }
  return records
}

/** Closes a silent session as lost, unless it spoke since `silentSinceMs`. Atomic; true where it was closed here. */
export async function endLostSession (redis: Redis, session: SessionRecord, silentSinceMs: number, nowMs: number, priceVersion: string): Promise<boolean> {
  const member = sessionMember(session.node, session.boot, session.allocation)
  const hour = hourOf(nowMs)
  const name = `${hour}:${rowSuffix({ ...session, priceVersion })}`
  const day = dayOfPeriod(hour)
  return await redis.endLostSession(
    centralKeys.sessionsOpen, centralKeys.sessionsEnded, centralKeys.session(member),
    centralKeys.ledgerRow(name), centralKeys.ledgerDay(day), centralKeys.ledgerDays, centralKeys.openSessions(session.app),
    member, silentSinceMs, nowMs, LOST_SESSION_TTL_SECONDS, name, day,
    credentialName(session.userTag, session.expiresAtSeconds), session.app === PROBE_APP ? 'nobody' : 'app') === 1
}

/** Drops index entries of sessions whose record has expired. */
export const forgetEndedBefore = (redis: Redis, beforeMs: number): Promise<number> =>
  redis.zremrangebyscore(centralKeys.sessionsEnded, '-inf', beforeMs)

/** Of all apps; probes have no part in it. */
export async function countOpenSessions (redis: Redis): Promise<number> {
  const [open, ofProbes] = await answersOf(redis.multi().zcard(centralKeys.sessionsOpen).hvals(centralKeys.openSessions(PROBE_APP)).exec())
  return Math.max(0, (open as number) - (ofProbes as string[]).reduce((sum, count) => sum + Number(count), 0))
}

const SCAN_COUNT = 500

/** Every session of one kind; one that changes kind meanwhile may be left out or come twice. */
async function * scanSessions (redis: Redis, index: string): AsyncGenerator<SessionRecord[]> {
  let cursor = '0'
  do {
    const [next, membersAndScores] = await redis.zscan(index, cursor, 'COUNT', SCAN_COUNT)
    yield await readSessions(redis, membersAndScores.filter((_, at) => at % 2 === 0))
    cursor = next
  } while (cursor !== '0')
}

/**
 * Takes the tag of a user off all sessions that have ended. What it relayed stays booked.
 * @returns sessions of the user that are still open, and still need it
 */
export async function eraseFromSessions (redis: Redis, userTag: string): Promise<number> {
  const ofUser = (sessions: SessionRecord[]) => sessions.filter(session => session.userTag === userTag)
  let open = 0
  for await (const sessions of scanSessions(redis, centralKeys.sessionsOpen)) open += ofUser(sessions).length
  // the ended ones behind the open ones: what ends in between is found here
  for await (const sessions of scanSessions(redis, centralKeys.sessionsEnded)) {
    const pipeline = redis.pipeline()
    for (const { node, boot, allocation } of ofUser(sessions)) pipeline.eraseSession(centralKeys.session(sessionMember(node, boot, allocation)))
    await answersOf(pipeline.exec())
  }
  return open
}
