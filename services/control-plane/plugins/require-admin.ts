import { timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { mayActAs } from '../../domain/audit.ts'
import type { Actor, AdminRole } from '../../domain/audit.ts'
import { findAdminToken } from '../../store/admin-tokens.ts'
import type { Redis } from '../../store/connect.ts'
import { problems } from '../problems.ts'
import { sha256 } from '../../domain/sha256.ts'
import { bearerOf } from './bearer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** who asks, on the admin API */
    actor: Actor
  }
  interface FastifyContextConfig {
    /** the role a route needs; without one: `read` to look, `operate` to change */
    role?: AdminRole
  }
}

/** The token of the configuration: the way in before there is any other. */
export const ROOT: Actor = { name: 'root', role: 'admin' }

/** Lets the bearer of an admin token through, if its role is enough for the route. Digests are compared, so lengths tell nothing either. */
export function requireAdmin (redis: Redis, rootToken: string): (request: FastifyRequest) => Promise<void> {
  const root = Buffer.from(sha256(rootToken))
  const identify = async (token: string): Promise<Actor | undefined> => {
    const digest = sha256(token)
    return timingSafeEqual(Buffer.from(digest), root) ? ROOT : await findAdminToken(redis, digest)
  }
  return async request => {
    const token = bearerOf(request)
    if (token === undefined) throw problems.noAdminToken()
    const actor = await identify(token)
    if (!actor) throw problems.wrongAdminToken()
    const needed = request.routeOptions.config.role ?? (['GET', 'HEAD'].includes(request.method) ? 'read' : 'operate')
    if (!mayActAs(actor.role, needed)) throw problems.roleTooLow(needed)
    request.actor = { name: actor.name, role: actor.role }
  }
}
