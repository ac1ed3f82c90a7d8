import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { eraseDecisions } from '../../store/decisions.ts'
import { writeErasure } from '../../store/erasures.ts'
import type { AdminContext } from '../admin-context.ts'
import { EraseReply, UserParams } from '../admin-schemas.ts'
import { sha256 } from '../plugins/bearer.ts'

/** By then every replica has told what it had issued before: it does so each 200 ms, while Redis is there. */
const ALL_TOLD_MS = 500

/** What is kept of a person is a keyed hash beside some counters; this takes it away. Bytes stay booked to the app. */
export function addUserRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.delete('/users/:tag', { config: { role: 'admin' }, schema: { tags: ['users'], summary: 'Erases a user from sessions, decisions and counters', params: UserParams, response: { 202: EraseReply } } }, async (request, reply) => {
    const { tag } = request.params
    await change(request.actor, async () => ({
      action: 'user.erase',
      // who knows the tag can find the entry, and the entry does not tell the tag
      target: `user ${sha256(tag).slice(0, 16)}`,
      before: null,
      after: null,
      writes: [writeErasure(tag, now())],
      result: undefined
    }))
    const known = await eraseDecisions(redis, tag)
    await delay(ALL_TOLD_MS)
    return await reply.code(202).send({ userTag: tag, decisions: known + await eraseDecisions(redis, tag), state: 'accepted' })
  })
}
