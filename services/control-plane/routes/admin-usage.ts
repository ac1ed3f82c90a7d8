import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { readRange } from '../../domain/usage.ts'
import type { UsageDimension } from '../../domain/usage.ts'
import type { AdminContext } from '../admin-context.ts'
import { problems } from '../problems.ts'
import { UsageQuery, UsageReply } from '../report-schemas.ts'
import { reportUsage, toCsv } from '../report-usage.ts'

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
}
