import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { DEFAULT_KICK_SECONDS, MAX_KICK_SECONDS } from '../../domain/kick.ts'
import { kickedUsers } from '../../policy/kicks.ts'
import { readNodes } from '../../store/nodes.ts'
import type { AdminContext } from '../admin-context.ts'
import { Timestamp, UserParams } from '../admin-schemas.ts'
import { kickSession, kickUser, liftUser } from '../change-kicks.ts'
import { SessionId } from '../report-schemas.ts'

const closed = { additionalProperties: false }
const forSeconds = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_KICK_SECONDS, description }))

const SessionParams = Type.Object({ id: SessionId })
const KickUser = Type.Object({ forSeconds: forSeconds(`how long the user is kept out; default ${DEFAULT_KICK_SECONDS}`) }, closed)
const KickSession = Type.Object({ forSeconds: forSeconds('how long its user is kept out beside; without it, this session ends and no more') }, closed)

const KickReply = Type.Object({ userTag: Type.String(), until: Timestamp('the user gets no credentials and no session until then'), nodes: Type.Integer({ description: 'how many were told' }) }, closed)
const SessionKickReply = Type.Object({ id: Type.String(), userTag: Type.String(), until: Type.Union([Timestamp('the user is kept out until then'), Type.Null()]) }, closed)
const KicksReply = Type.Object({ kicks: Type.Array(Type.Object({ userTag: Type.String(), until: Timestamp('when it is over') }, closed)) }, closed)

/** Sessions ended by an operator, and users kept out: a standing wish, which the agents of the nodes do within about two seconds. */
export function addKickRoutes (fastify: FastifyInstance, context: AdminContext): void {
  const { redis, change } = context
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['kicks']

  server.get('/kicks', { schema: { tags, summary: 'Users that are kept out, the first to be let in again first', response: { 200: KicksReply } } }, async () => {
    const kicked = [...kickedUsers(await readNodes(redis)) ?? []].sort(([, a], [, b]) => a - b)
    return { kicks: kicked.map(([userTag, untilMs]) => ({ userTag, until: new Date(untilMs).toISOString() })) }
  })

  server.post('/users/:tag/kick', { schema: { tags, summary: 'Ends all sessions of a user, and each new one until the end; no credentials meanwhile', params: UserParams, body: KickUser, response: { 202: KickReply } } }, async (request, reply) => {
    const { params: { tag }, body: { forSeconds = DEFAULT_KICK_SECONDS } } = request
    return await reply.code(202).send(await change(request.actor, async () => await kickUser(context, tag, forSeconds)))
  })

  server.delete('/users/:tag/kick', { schema: { tags, summary: 'Lets a kicked user in again', params: UserParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await change(request.actor, async () => await liftUser(context, request.params.tag))
    return await reply.code(204).send(null)
  })

  server.post('/sessions/:id/kick', { schema: { tags, summary: 'Ends one session, and keeps its user out where it is said for how long', params: SessionParams, body: KickSession, response: { 202: SessionKickReply } } }, async (request, reply) => {
    const { params: { id }, body: { forSeconds } } = request
    return await reply.code(202).send(await change(request.actor, async () => await kickSession(context, id, forSeconds)))
  })
}
