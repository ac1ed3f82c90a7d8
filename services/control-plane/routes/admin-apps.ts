import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { newApp } from '../../domain/app.ts'
import type { App, AppsAndKeys } from '../../domain/app.ts'
import { readAllApps, writeApp, writeKey } from '../../store/apps.ts'
import { writeBudget } from '../../store/budgets.ts'
import type { AdminContext } from '../admin-context.ts'
import { AppParams, AppReply, ChangeApp, CreateApp } from '../admin-schemas.ts'
import { changeApp, checkAudience, showApp } from '../change-app.ts'
import { problems } from '../problems.ts'

/** A hundred origins of full length, and the rest of an app. */
const bodyLimit = 64 * 1024

/** Apps. Every replica obeys a change within a second or two. */
export function addAppRoutes (fastify: FastifyInstance, { redis, change, sealSecret, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['apps']

  server.get('/apps', { schema: { tags, summary: 'All apps', response: { 200: Type.Object({ apps: Type.Array(AppReply) }) } } }, async () => {
    const { apps } = await readAllApps(redis)
    return { apps: [...apps.values()].map(showApp).sort((a, b) => a.id < b.id ? -1 : 1) }
  })

  server.post('/apps', { bodyLimit, schema: { tags, summary: 'Creates an app', body: CreateApp, response: { 201: AppReply } } }, async (request, reply) => {
    const { id, ...settings } = request.body
    const created = await change(request.actor, async () => {
      const { apps } = await readAllApps(redis)
      if (apps.has(id)) throw problems.appExists(id)
      const app = changeApp(newApp(id, new Date(now()).toISOString()), settings, sealSecret)
      checkAudience(apps.values(), app)
      return { action: 'app.create', target: id, before: null, after: showApp(app), writes: [writeApp(id, app)], result: app }
    })
    return await reply.code(201).send(showApp(created))
  })

  server.get('/apps/:app', { schema: { tags, summary: 'One app', params: AppParams, response: { 200: AppReply } } }, async request =>
    showApp(findApp(await readAllApps(redis), request.params.app)))

  server.patch('/apps/:app', { bodyLimit, schema: { tags, summary: 'Changes what is given of an app, suspends it or takes it back', params: AppParams, body: ChangeApp, response: { 200: AppReply } } }, async request => {
    const changed = await change(request.actor, async () => {
      const all = await readAllApps(redis)
      const before = findApp(all, request.params.app)
      const after = changeApp(before, request.body, sealSecret)
      checkAudience(all.apps.values(), after)
      return { action: 'app.change', target: before.id, before: showApp(before), after: showApp(after), writes: [writeApp(before.id, after)], result: after }
    })
    return showApp(changed)
  })

  server.delete('/apps/:app', { config: { role: 'admin' }, schema: { tags, summary: 'Deletes an app, its keys and its budget; what it relayed stays in the ledger', params: AppParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await change(request.actor, async () => {
      const all = await readAllApps(redis)
      const app = findApp(all, request.params.app)
      const keys = [...all.keys].filter(([, key]) => key.app === app.id)
      return {
        action: 'app.delete',
        target: app.id,
        before: { ...showApp(app), keys: keys.map(([, { id }]) => id) },
        after: null,
        writes: [writeApp(app.id, null), writeBudget(app.id, null), ...keys.map(([digest]) => writeKey(digest, null))],
        result: undefined
      }
    })
    return await reply.code(204).send(null)
  })
}

/** @throws Problem app_not_found */
export function findApp ({ apps }: AppsAndKeys, id: string): App {
  const app = apps.get(id)
  if (!app) throw problems.noApp(id)
  return app
}
