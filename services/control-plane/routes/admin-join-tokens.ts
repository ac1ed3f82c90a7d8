import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { spellJoinToken } from '../../domain/join-token.ts'
import type { JoinToken } from '../../domain/join-token.ts'
import { sha256 } from '../../domain/sha256.ts'
import { readJoinToken, readJoinTokens, writeJoinToken } from '../../store/join-tokens.ts'
import { mayMakeUsers } from '../../store/node-users.ts'
import type { AdminContext } from '../admin-context.ts'
import { checkFreeName } from '../join-node.ts'
import type { Joining } from '../join-node.ts'
import { CreateJoinToken, DEFAULT_JOIN_TTL_SECONDS, JoinTokenParams, JoinTokensReply, NewJoinTokenReply } from '../join-schemas.ts'
import { problems } from '../problems.ts'

/** Join tokens: each lets one machine into the fleet, once and soon. Shown once, kept as the SHA-256 of its secret. */
export function addJoinTokenRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext, joining: Joining): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['join tokens']
  /** as it is shown, and as the audit has it */
  const show = (id: string, { secretSha256: _, ...token }: JoinToken) => ({ id, ...token })
  const stateOf = ({ usedAt, expiresAt }: JoinToken): 'open' | 'used' | 'expired' =>
    usedAt !== null ? 'used' : Date.parse(expiresAt) <= now() ? 'expired' : 'open'

  server.post('/join-tokens', { config: { role: 'admin' }, schema: { tags, summary: 'A new join token', body: CreateJoinToken, response: { 201: NewJoinTokenReply } } }, async (request, reply) => {
    const { node = null, region = null, addresses, ttlSeconds = DEFAULT_JOIN_TTL_SECONDS } = request.body
    if (!joining.isOpen) throw problems.joiningOff('SPILLWAY_JOIN_REDIS_URL is not set')
    if (!await mayMakeUsers(redis)) throw problems.joiningOff('the Redis user of the control plane may not make users (ACL SETUSER, ACL DELUSER)')
    const id = randomBytes(8).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const token: JoinToken = {
      secretSha256: sha256(secret),
      node,
      region,
      ...addresses && { addresses },
      createdAt: new Date(now()).toISOString(),
      createdBy: request.actor.name,
      expiresAt: new Date(now() + ttlSeconds * 1000).toISOString(),
      usedAt: null,
      usedAs: null
    }
    await change(request.actor, async () => {
      if (node !== null) await checkFreeName(redis, node)
      return { action: 'join-token.create', target: id, before: null, after: show(id, token), writes: [writeJoinToken(id, token)], result: undefined }
    })
    const { usedAt, usedAs, ...shown } = show(id, token)
    return await reply.code(201).send({ ...shown, token: spellJoinToken(id, secret) })
  })

  server.get('/join-tokens', { schema: { tags, summary: 'Join tokens, and what became of them', response: { 200: JoinTokensReply } } }, async () =>
    ({ joinTokens: (await readJoinTokens(redis)).map(([id, token]) => ({ ...show(id, token), state: stateOf(token) })) }))

  server.delete('/join-tokens/:id', { schema: { tags, summary: 'Revokes a join token; a node that has joined with it stays', params: JoinTokenParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { id } = request.params
    await change(request.actor, async () => {
      const token = await readJoinToken(redis, id)
      if (!token) throw problems.noJoinToken(id)
      return { action: 'join-token.revoke', target: id, before: show(id, token), after: null, writes: [writeJoinToken(id, null)], result: undefined }
    })
    return await reply.code(204).send(null)
  })
}
