import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { EMPTY_CHAIN, findBreak } from '../../domain/audit.ts'
import { readAudit, readAuditHead } from '../../store/audit.ts'
import type { AdminContext } from '../admin-context.ts'
import { AuditQuery, AuditReply, VerifyReply } from '../report-schemas.ts'

const PAGE = 1_000

/** Who changed what: a chain in which nothing can be changed, removed or added without breaking it. */
export function addAuditRoutes (fastify: FastifyInstance, { redis }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['audit']

  server.get('/audit', { schema: { tags, summary: 'Changes made by the admin API', querystring: AuditQuery, response: { 200: AuditReply } } }, async request => {
    const limit = Number(request.query.limit ?? 100)
    const first = request.query.from === undefined ? Math.max(1, (await readAuditHead(redis)).sequence - limit + 1) : Number(request.query.from)
    return await readAudit(redis, first, limit)
  })

  server.get('/audit/verify', { schema: { tags, summary: 'Checks the chain from its first entry to its head', response: { 200: VerifyReply } } }, async () => {
    let last = EMPTY_CHAIN
    for (;;) {
      const { entries, head } = await readAudit(redis, last.sequence + 1, PAGE)
      const broken = findBreak(last, entries)
      const intact = broken ? entries.slice(0, entries.indexOf(broken)) : entries
      last = intact.at(-1) ?? last
      if (!broken && entries.length === PAGE) continue
      const whole = !broken && last.sequence === head.sequence && last.hash === head.hash
      // entries the head does not tell of were added by hand
      return { intact: whole, entries: last.sequence, brokenAt: whole ? null : Math.min(last.sequence, head.sequence) + 1, head }
    }
  })
}
