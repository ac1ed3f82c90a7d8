import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Decision } from '../../domain/decision.ts'
import { readDecisions } from '../../store/decisions.ts'
import type { KeptDecision } from '../../store/decisions.ts'
import type { AdminContext } from '../admin-context.ts'
import { DecisionsQuery, DecisionsReply } from '../report-schemas.ts'

/** A rare kind of decision is looked for among some 20,000 a call; the reply then says where to go on. */
const MAX_TURNS = 20

/** Credentials issued lately, the newest first. */
export function addDecisionRoutes (fastify: FastifyInstance, { redis }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.get('/decisions', { schema: { tags: ['decisions'], summary: 'Credentials issued lately, by which provider and why', querystring: DecisionsQuery, response: { 200: DecisionsReply } } }, async request => {
    const { limit = '100', before, ...wanted } = request.query
    const found: KeptDecision[] = []
    let turns = 0
    for await (const { decisions, oldest } of readDecisions(redis, before)) {
      for (const decision of decisions) {
        if (!matches(decision, wanted)) continue
        found.push(decision)
        if (found.length === Number(limit)) return { decisions: found, next: decision.id }
      }
      turns += 1
      if (turns === MAX_TURNS) return { decisions: found, next: oldest }
    }
    return { decisions: found, next: null }
  })
}

function matches (decision: Decision, { node, ...rest }: Omit<DecisionsQuery, 'limit' | 'before'>): boolean {
  return (node === undefined || decision.nodes.includes(node)) &&
    Object.entries(rest).every(([field, value]) => value === undefined || decision[field as keyof Decision] === value)
}
