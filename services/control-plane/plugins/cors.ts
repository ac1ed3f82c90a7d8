import type { FastifyInstance, FastifyReply } from 'fastify'
import { allowsOrigin } from '../../domain/app.ts'
import type { Snapshot } from '../../policy/next-snapshot.ts'
import { problems } from '../problems.ts'

/** Long enough to spare most preflights, short enough that a removed origin is soon noticed. */
const PREFLIGHT_SECONDS = 600
const ALLOW_ORIGIN = 'access-control-allow-origin'

/**
 * Cross-origin requests (Fetch standard, "CORS protocol"). A preflight names no app, so it is answered for the origins of
 * all apps; the request behind it is then held to those of its own.
 */
export function useCors (server: FastifyInstance, snapshot: () => Snapshot | undefined): void {
  const isKnown = (origin: string): boolean => {
    const apps = snapshot()?.appsAndKeys
    return apps !== undefined && (apps.origins.has(origin) || allowsOrigin(apps.wildcardOrigins, origin))
  }

  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin !== undefined) {
      reply.header('vary', 'Origin')
      if (isKnown(origin)) reply.headers({ [ALLOW_ORIGIN]: origin, 'access-control-expose-headers': 'Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset' })
    }
    done()
  })

  server.options('*', { schema: { hide: true } }, async (request, reply) => {
    if (!isKnown(request.headers.origin ?? '')) throw problems.foreignOrigin()
    return await reply.code(204).headers({
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Authorization, Content-Type',
      'access-control-max-age': String(PREFLIGHT_SECONDS)
    }).send()
  })
}

/** A secret key has no business in a browser: no page gets to read what one was answered. */
export const hideFromBrowsers = (reply: FastifyReply): void => { reply.removeHeader(ALLOW_ORIGIN) }
