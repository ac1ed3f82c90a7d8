import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { EMPTY_CHAIN, findBreak } from '../../domain/audit.ts'
import { readAudit, readAuditHead } from '../../store/audit.ts'
import { AuditQuery, AuditReply, VerifyReply } from '../report-schemas.ts'
import type { AdminContext } from './admin-context.ts'

const PAGE = 1_000

/** Who changed what: a chain in which nothing can be changed, removed or added without breaking it. */
export function addAuditRoutes (fastify: FastifyInstance, { redis }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['audit']

  server.get('/audit', { schema: { tags, summary: 'Changes made by the admin API', querystring: AuditQuery, response: { 200: AuditReply } } }, async request => {
    const limit = Number(request.query.limit ?? 100)
    const head = await readAuditHead(redis)
    const first = request.query.from === undefined ? Math.max(1, head.sequence - limit + 1) : Number(request.query.from)
    return { entries: await readAudit(redis, first, limit), head }
  })

  server.get('/audit/verify', { schema: { tags, summary: 'Checks the chain from its first entry to its head', response: { 200: VerifyReply } } }, async () => {
    const head = await readAuditHead(redis)
    let last = EMPTY_CHAIN
    for (;;) {
      const entries = (await readAudit(redis, last.sequence + 1, PAGE)).filter(({ sequence }) => !(sequence > head.sequence))
      const broken = findBreak(last, entries)
      if (broken) return { intact: false, entries: last.sequence + entries.indexOf(broken), brokenAt: last.sequence + entries.indexOf(broken) + 1, head }
      last = entries.at(-1) ?? last
      if (entries.length < PAGE) break
    }
    const whole = last.hash === head.hash
    return { intact: whole, entries: last.sequence, brokenAt: whole ? null : last.sequence + 1, head }
  })
}
