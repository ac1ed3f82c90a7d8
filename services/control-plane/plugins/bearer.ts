import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/** What keys and tokens are looked up by, so that the time a look-up takes says nothing of how much of a guess was right. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/** RFC 6750, section 2.1. */
export const bearerOf = (request: FastifyRequest): string | undefined => BEARER.exec(request.headers.authorization ?? '')?.[1]
