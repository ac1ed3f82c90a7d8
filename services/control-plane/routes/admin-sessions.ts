import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { PROBE_APP } from '../../domain/turn-credential.ts'
import type { Redis } from '../../store/connect.ts'
import type { SessionRecord } from '../../store/session-records.ts'
import { SESSIONS_A_STEP, stepSessions } from '../../store/session-steps.ts'
import type { SessionPlace } from '../../store/session-steps.ts'
import { sessionMember } from '../../store/usage-ledger.ts'
import type { AdminContext } from '../admin-context.ts'
import { SessionsQuery, SessionsReply } from '../report-schemas.ts'

/** Entries a request looks at: what a filter has not found among these is the next page's to find. */
const SESSIONS_A_REQUEST = 10_000

type Wanted = (session: SessionRecord) => boolean

/** Who is connected now, and who was: out of the ledger, so a second or two behind the nodes. */
export function addSessionRoutes (fastify: FastifyInstance, { redis }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.get('/sessions', { schema: { tags: ['sessions'], summary: 'Sessions as the ledger has them: open ones, the longest silent first, or ended ones, the last ended first', querystring: SessionsQuery, response: { 200: SessionsReply } } }, async request => {
    const { state = 'open', app, node, user, limit = '100', before } = request.query
    const wanted: Wanted = session =>
      (app === undefined ? session.app !== PROBE_APP : session.app === app) && (user === undefined || session.userTag === user)
    const { sessions, next } = await findSessions(redis, state as 'open' | 'ended', readPlace(before), Number(limit), node, wanted)
    return {
      sessions: sessions.map(({ expiresAtSeconds: _, ...session }) => ({ id: sessionMember(session.node, session.boot, session.allocation), ...session })),
      next: next ? `${next.atMs}:${next.member}` : null
    }
  })
}

/** The next `limit` sessions, or those among the next entries a request may look at. */
async function findSessions (redis: Redis, kind: 'open' | 'ended', from: SessionPlace | undefined, limit: number, node: string | undefined, wanted: Wanted): Promise<{ sessions: SessionRecord[], next: SessionPlace | undefined }> {
  const sessions: SessionRecord[] = []
  let place = from
  for (let looked = 0; looked < SESSIONS_A_REQUEST; looked += SESSIONS_A_STEP) {
    const { found, next } = await stepSessions(redis, kind, place, SESSIONS_A_STEP, node)
    for (const { session, place } of found) {
      if (!wanted(session)) continue
      sessions.push(session)
      if (sessions.length === limit) return { sessions, next: place }
    }
    if (!next) return { sessions, next }
    place = next
  }
  return { sessions, next: place }
}

/** `<ms>:<node>:<boot>:<allocation>`, as the schema has it. */
function readPlace (before: string | undefined): SessionPlace | undefined {
  if (before === undefined) return undefined
  const end = before.indexOf(':')
  return { atMs: Number(before.slice(0, end)), member: before.slice(end + 1) }
}
