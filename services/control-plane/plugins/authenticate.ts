import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { App } from '../../domain/app.ts'
import type { Snapshot } from '../../policy/next-snapshot.ts'
import { problems } from '../problems.ts'

const BEARER = /^Bearer ([\x21-\x7e]+)$/i

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const bearerOf = (request: FastifyRequest): string | undefined => BEARER.exec(request.headers.authorization ?? '')?.[1]

/** The app whose secret key the request carries as its bearer token. */
export const authenticateApp = (snapshot: Snapshot | undefined, request: FastifyRequest): App =>
  authenticateKey(snapshot, bearerOf(request))

/**
 * The app a secret key opens. Keys are looked up by their SHA-256, so the time it takes says nothing of how much of a
 * guess was right.
 */
export function authenticateKey (snapshot: Snapshot | undefined, secretKey: string | undefined): App {
  if (secretKey === undefined) throw problems.noCredential()
  if (!snapshot) throw problems.notReady()
  const key = snapshot.appsAndKeys.keys.get(sha256(secretKey))
  const app = key && snapshot.appsAndKeys.apps.get(key.app)
  if (!app) throw problems.wrongKey()
  return app
}

/** Lets the bearer of the admin token through. Digests are compared, so lengths tell nothing either. */
export function requireAdmin (adminToken: string): (request: FastifyRequest) => Promise<void> {
  const expected = Buffer.from(sha256(adminToken))
  return async request => {
    const token = bearerOf(request)
    if (token === undefined || !timingSafeEqual(Buffer.from(sha256(token)), expected)) throw problems.wrongToken()
  }
}
