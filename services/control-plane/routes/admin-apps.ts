import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { App, MAX_TTL_SECONDS } from '../../domain/app.ts'
import { addKey, createApp, deleteApp, readAppsAndKeys, removeKey, replaceApp } from '../../store/apps.ts'
import type { Redis } from '../../store/connect.ts'
import { sha256 } from '../plugins/authenticate.ts'
import { problems } from '../problems.ts'
import { AppParams, ChangeApp, CreateApp, KeyParams, KeyReply, NewKeyReply } from '../schemas.ts'

/** Apps and their secret keys. Every replica obeys a change within a second. */
export function addAppRoutes (fastify: FastifyInstance, redis: Redis): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const readAll = async () => {
    const all = await readAppsAndKeys(redis, undefined)
    return all ?? { version: '0', apps: new Map<string, App>(), keys: new Map() }
  }
  const readApp = async (id: string): Promise<App> => {
    const app = (await readAll()).apps.get(id)
    if (!app) throw problems.noApp(id)
    return app
  }

  server.get('/apps', { schema: { response: { 200: Type.Object({ apps: Type.Array(App) }) } } }, async () => {
    const { apps } = await readAll()
    return { apps: [...apps.values()].sort((a, b) => a.id < b.id ? -1 : 1) }
  })

  server.post('/apps', { schema: { body: CreateApp, response: { 201: App } } }, async (request, reply) => {
    const { id, name = id, maxTtlSeconds = MAX_TTL_SECONDS } = request.body
    const app: App = { id, name, maxTtlSeconds, createdAt: new Date().toISOString() }
    if (!await createApp(redis, app)) throw problems.appExists(id)
    return await reply.code(201).send(app)
  })

  server.get('/apps/:app', { schema: { params: AppParams, response: { 200: App } } }, async request => await readApp(request.params.app))

  server.patch('/apps/:app', { schema: { params: AppParams, body: ChangeApp, response: { 200: App } } }, async request => {
    const app = { ...await readApp(request.params.app), ...request.body }
    if (!await replaceApp(redis, app)) throw problems.noApp(app.id)
    return app
  })

  server.delete('/apps/:app', { schema: { params: AppParams } }, async (request, reply) => {
    if (!await deleteApp(redis, request.params.app)) throw problems.noApp(request.params.app)
    return await reply.code(204).send()
  })

  server.get('/apps/:app/keys', { schema: { params: AppParams, response: { 200: Type.Object({ keys: Type.Array(KeyReply) }) } } }, async request => {
    const { id } = await readApp(request.params.app)
    const { keys } = await readAll()
    return { keys: [...keys.values()].filter(key => key.app === id) }
  })

  server.post('/apps/:app/keys', { schema: { params: AppParams, response: { 201: NewKeyReply } } }, async (request, reply) => {
    const { app } = request.params
    const key = `sk_${randomBytes(32).toString('base64url')}`
    const kept = { id: sha256(key).slice(0, 16), app, createdAt: new Date().toISOString() }
    if (!await addKey(redis, sha256(key), kept)) throw problems.noApp(app)
    return await reply.code(201).send({ ...kept, key })
  })

  server.delete('/apps/:app/keys/:key', { schema: { params: KeyParams } }, async (request, reply) => {
    const { app, key: id } = request.params
    const { keys } = await readAll()
    const [digest] = [...keys].find(([, key]) => key.app === app && key.id === id) ?? []
    if (digest === undefined || !await removeKey(redis, digest)) throw problems.noKey(id)
    return await reply.code(204).send()
  })
}
