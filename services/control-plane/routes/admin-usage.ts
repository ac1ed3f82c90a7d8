import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { TOTALS_FIELDS, dayOf, isReported, readRange, rollUp, spanOf } from '../../domain/usage.ts'
import type { LedgerRow, UsageDimension } from '../../domain/usage.ts'
import type { Redis } from '../../store/connect.ts'
import { readLedgerDay, readLedgerDays } from '../../store/usage-ledger.ts'
import type { AdminContext } from '../admin-context.ts'
import { problems } from '../problems.ts'
import { UsageQuery, UsageReply } from '../report-schemas.ts'

/** What was relayed, out of the ledger. */
export function addUsageRoutes (fastify: FastifyInstance, { redis, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['usage']

  server.get('/usage', { schema: { tags, summary: 'What was relayed, summed by one dimension; as CSV too', querystring: UsageQuery, response: { 200: { content: { 'application/json': { schema: UsageReply }, 'text/csv': { schema: Type.String() } } } } } }, async (request, reply) => {
    const { app, by = 'app', format } = request.query
    const range = readRange(request.query.from, request.query.to, now())
    if (!range) throw problems.badRange()
    const { fromMs, toMs } = range
    const asOf = new Date(now()).toISOString()
    const rows = rollUp(await readRows(redis, fromMs, toMs, row => isReported(row.key.app, app, by as UsageDimension)), by as UsageDimension)
      // there is no rate card yet, and an unknown cost is not zero
      .map(({ key, ...totals }) => ({ key, ...totals, costMicroUsd: null, basis: 'measured' as const }))
    if (format === 'csv' || (format === undefined && request.headers.accept?.startsWith('text/csv'))) {
      return await reply.type('text/csv; charset=utf-8').send(toCsv(rows))
    }
    return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), by, asOf, rows }
  })
}

async function readRows (redis: Redis, fromMs: number, toMs: number, wanted: (row: LedgerRow) => boolean): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = []
  for (const day of await readLedgerDays(redis, dayOf(fromMs), dayOf(toMs))) {
    for (const row of await readLedgerDay(redis, day)) {
      const { startMs, endMs } = spanOf(row.key.period)
      if (endMs > fromMs && startMs < toMs && wanted(row)) rows.push(row)
    }
  }
  return rows
}

/** RFC 4180; no value holds a comma or a quote. */
function toCsv (rows: ReadonlyArray<Record<string, unknown>>): string {
  const columns = ['key', ...TOTALS_FIELDS, 'costMicroUsd', 'basis']
  return [columns, ...rows.map(row => columns.map(column => row[column] ?? ''))].map(values => `${values.join(',')}\r\n`).join('')
}
