import type { FastifyRequest } from 'fastify'

const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/** RFC 6750, section 2.1. */
export const bearerOf = (request: FastifyRequest): string | undefined => BEARER.exec(request.headers.authorization ?? '')?.[1]
