import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { readAdminTokens, writeAdminToken } from '../../store/admin-tokens.ts'
import type { AdminToken } from '../../store/admin-tokens.ts'
import { CreateToken, NewTokenReply, TokenParams, TokenReply } from '../admin-schemas.ts'
import { sha256 } from '../../domain/sha256.ts'
import { problems } from '../problems.ts'
import type { AdminContext } from '../admin-context.ts'

/** Admin tokens beside the one of the configuration, each with a name for the audit and a role. */
export function addTokenRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['tokens']
  const config = { role: 'admin' } as const

  server.get('/tokens', { config, schema: { tags, summary: 'All admin tokens but that of the configuration', response: { 200: Type.Object({ tokens: Type.Array(TokenReply) }) } } }, async () => {
    const tokens = [...(await readAdminTokens(redis)).values()]
    return { tokens: tokens.sort((a, b) => a.name < b.name ? -1 : 1) }
  })

  server.post('/tokens', { config, schema: { tags, summary: 'A new admin token', body: CreateToken, response: { 201: NewTokenReply } } }, async (request, reply) => {
    const { name, role } = request.body
    const token = `at_${randomBytes(32).toString('base64url')}`
    const kept: AdminToken = { name, role, createdAt: new Date(now()).toISOString() }
    await change(request.actor, async () => {
      if ([...(await readAdminTokens(redis)).values()].some(other => other.name === name)) throw problems.tokenExists(name)
      return { action: 'token.create', target: name, before: null, after: kept, writes: [writeAdminToken(sha256(token), kept)], result: undefined }
    })
    return await reply.code(201).send({ ...kept, token })
  })

  server.delete('/tokens/:name', { config, schema: { tags, summary: 'Revokes an admin token', params: TokenParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { name } = request.params
    await change(request.actor, async () => {
      const [digest, token] = [...await readAdminTokens(redis)].find(([, token]) => token.name === name) ?? []
      if (digest === undefined || !token) throw problems.noToken(name)
      return { action: 'token.revoke', target: name, before: token, after: null, writes: [writeAdminToken(digest, null)], result: undefined }
    })
    return await reply.code(204).send(null)
  })
}
