import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { KEY_PREFIX } from '../../domain/app.ts'
import type { AppKey } from '../../domain/app.ts'
import { readAllApps, readKeyUse, writeKey } from '../../store/apps.ts'
import type { AdminContext } from '../admin-context.ts'
import { AppParams, CreateKey, KeyParams, KeyReply, NewKeyReply } from '../admin-schemas.ts'
import { sha256 } from '../../domain/sha256.ts'
import { problems } from '../problems.ts'
import { findApp } from './admin-apps.ts'

/** The keys of an app: shown once, kept as their SHA-256, good until revoked. */
export function addKeyRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['keys']

  server.get('/apps/:app/keys', { schema: { tags, summary: 'The keys of an app, and when each was last used', params: AppParams, response: { 200: Type.Object({ keys: Type.Array(KeyReply) }) } } }, async request => {
    const [all, used] = await Promise.all([readAllApps(redis), readKeyUse(redis)])
    const { id } = findApp(all, request.params.app)
    const lastUsedAt = (key: AppKey): string | null => {
      const atMs = used.get(key.id)
      return atMs === undefined ? null : new Date(atMs).toISOString()
    }
    return { keys: [...all.keys.values()].filter(key => key.app === id).map(key => ({ ...key, lastUsedAt: lastUsedAt(key) })) }
  })

  server.post('/apps/:app/keys', { schema: { tags, summary: 'A new key', params: AppParams, body: CreateKey, response: { 201: NewKeyReply } } }, async (request, reply) => {
    const { kind = 'secret' } = request.body
    const key = `${KEY_PREFIX[kind]}${randomBytes(32).toString('base64url')}`
    const kept: AppKey = { id: sha256(key).slice(0, 16), app: request.params.app, kind, createdAt: new Date(now()).toISOString() }
    await change(request.actor, async () => {
      findApp(await readAllApps(redis), kept.app)
      return { action: 'key.create', target: `${kept.app}/${kept.id}`, before: null, after: kept, writes: [writeKey(sha256(key), kept)], result: undefined }
    })
    return await reply.code(201).send({ ...kept, key })
  })

  server.delete('/apps/:app/keys/:key', { schema: { tags, summary: 'Revokes a key', params: KeyParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { app, key: id } = request.params
    await change(request.actor, async () => {
      const { keys } = await readAllApps(redis)
      const [digest, key] = [...keys].find(([, key]) => key.app === app && key.id === id) ?? []
      if (digest === undefined || !key) throw problems.noKey(id)
      return { action: 'key.revoke', target: `${app}/${id}`, before: key, after: null, writes: [writeKey(digest, null)], result: undefined }
    })
    return await reply.code(204).send(null)
  })
}
