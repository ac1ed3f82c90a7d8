import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { TOTALS_FIELDS, rollUp } from '../../domain/usage.ts'
import type { LedgerRow, UsageDimension } from '../../domain/usage.ts'
import type { Redis } from '../../store/connect.ts'
import { listSessions } from '../../store/session-records.ts'
import type { SessionRecord } from '../../store/session-records.ts'
import { readLedgerDay, readLedgerDays } from '../../store/usage-ledger.ts'
import { problems } from '../problems.ts'
import { SessionsQuery, UsageQuery } from '../schemas.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** What the ledger keeps at most, and a bound to what one request may read. */
const MAX_RANGE_MS = 762 * DAY_MS
const PAGE = 500

/** What was relayed, out of the ledger. */
export function addUsageRoutes (fastify: FastifyInstance, redis: Redis, now: () => number): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.get('/usage', { schema: { querystring: UsageQuery } }, async (request, reply) => {
    const { app, by = 'app', format } = request.query
    const { fromMs, toMs } = readRange(request.query.from, request.query.to, now())
    const asOf = new Date(now()).toISOString()
    const rows = rollUp(await readRows(redis, fromMs, toMs, row => app === undefined || row.key.app === app), by as UsageDimension)
      // there is no rate card yet, and an unknown cost is not zero
      .map(({ key, ...totals }) => ({ key, ...totals, costMicroUsd: null, basis: 'measured' }))
    if (format === 'csv' || (format === undefined && request.headers.accept?.startsWith('text/csv'))) {
      return await reply.type('text/csv; charset=utf-8').send(toCsv(rows))
    }
    return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), by, asOf, rows }
  })

  server.get('/sessions', { schema: { querystring: SessionsQuery } }, async request => {
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

/** Whole hours: the one `from` lies in is included, the one `to` begins is not. */
function readRange (from: string | undefined, to: string | undefined, nowMs: number): { fromMs: number, toMs: number } {
  const end = to === undefined ? nowMs : Date.parse(to)
  const start = from === undefined ? end - DAY_MS : Date.parse(from)
  if (!(start < end) || end - start > MAX_RANGE_MS) throw problems.badRange()
  return { fromMs: Math.floor(start / HOUR_MS) * HOUR_MS, toMs: end }
}

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '')

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

/** An hour, or the whole day where its hours have been folded together. */
function spanOf (period: string): { startMs: number, endMs: number } {
  const startMs = Date.UTC(Number(period.slice(0, 4)), Number(period.slice(4, 6)) - 1, Number(period.slice(6, 8)), Number(period.slice(8, 10) || 0))
  return { startMs, endMs: startMs + (period.length > 8 ? HOUR_MS : DAY_MS) }
}

/** RFC 4180; no value holds a comma or a quote. */
function toCsv (rows: ReadonlyArray<Record<string, unknown>>): string {
  const columns = ['key', ...TOTALS_FIELDS, 'costMicroUsd', 'basis']
  return [columns, ...rows.map(row => columns.map(column => row[column] ?? ''))].map(values => `${values.join(',')}\r\n`).join('')
}
