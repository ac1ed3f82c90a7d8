import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { auditedUser } from '../../domain/audit.ts'
import { eraseDecisions } from '../../store/decisions.ts'
import { writeErasure } from '../../store/erasures.ts'
import { eraseRevocable } from '../../store/revocable.ts'
import type { AdminContext } from '../admin-context.ts'
import { EraseReply, UserParams } from '../admin-schemas.ts'

/** What is kept of a person is a keyed hash beside some counters; this takes it away. Bytes stay booked to the app. */
export function addUserRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.delete('/users/:tag', { config: { role: 'admin' }, schema: { tags: ['users'], summary: 'Erases a user from sessions, decisions and counters', params: UserParams, response: { 202: EraseReply } } }, async (request, reply) => {
    const { tag } = request.params
    await change(request.actor, async () => ({
      action: 'user.erase',
      target: auditedUser(tag),
      before: null,
      after: null,
      writes: [writeErasure({ userTag: tag, askedAtMs: now() })],
      result: undefined
    }))
    await eraseRevocable(redis, tag)
    return await reply.code(202).send({ userTag: tag, decisions: await eraseDecisions(redis, tag), state: 'accepted' })
  })
}
