import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { readRange } from '../../domain/usage.ts'
import type { UsageDimension } from '../../domain/usage.ts'
import { listSessions } from '../../store/session-records.ts'
import type { SessionRecord } from '../../store/session-records.ts'
import type { AdminContext } from '../admin-context.ts'
import { problems } from '../problems.ts'
import { SessionsQuery, SessionsReply, UsageQuery, UsageReply } from '../report-schemas.ts'
import { reportUsage, toCsv } from '../report-usage.ts'

const PAGE = 500

/** What was relayed and what it cost, out of the ledger. */
export function addUsageRoutes (fastify: FastifyInstance, { redis, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['usage']

  server.get('/usage', { schema: { tags, summary: 'What was relayed and what it cost, summed by one dimension; as CSV too', querystring: UsageQuery, response: { 200: { content: { 'application/json': { schema: UsageReply }, 'text/csv': { schema: Type.String() } } } } } }, async (request, reply) => {
    const { app, by = 'app', format } = request.query
    const range = readRange(request.query.from, request.query.to, now())
    if (!range) throw problems.badRange()
    const { fromMs, toMs } = range
    const asOf = new Date(now()).toISOString()
    const report = await reportUsage(redis, { app, by: by as UsageDimension, fromMs, toMs })
    if (format === 'csv' || (format === undefined && request.headers.accept?.startsWith('text/csv'))) {
      return await reply.type('text/csv; charset=utf-8').send(toCsv(report.rows))
    }
    return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), by, asOf, ...report }
  })

  server.get('/sessions', { schema: { tags, summary: 'Sessions as the ledger has them, the latest heard of first', querystring: SessionsQuery, response: { 200: SessionsReply } } }, async request => {
    const { state = 'open', app, node, limit = '100', offset = '0' } = request.query
    const sessions: SessionRecord[] = []
    let position = Number(offset)
    for (;;) {
      const page = await listSessions(redis, state as 'open' | 'ended', position, PAGE)
      for (const session of page.sessions) {
        position = session.position + 1
        if ((app === undefined || session.app === app) && (node === undefined || session.node === node)) {
          const { position: _, ...record } = session
          sessions.push(record)
        }
        if (sessions.length === Number(limit)) return { sessions, next: position }
      }
      if (page.count < PAGE) return { sessions, next: null }
      position = Math.max(position, page.end)
    }
  })
}
