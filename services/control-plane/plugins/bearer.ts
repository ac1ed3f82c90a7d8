import type { FastifyRequest } from 'fastify'

const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/** As nearly everybody spells it: to match a pattern is felt where it happens a thousand times a second. */
const USUAL = 'Bearer '

/** RFC 6750, section 2.1. */
export function bearerOf ({ headers: { authorization = '' } }: FastifyRequest): string | undefined {
  if (authorization.length > USUAL.length && authorization.startsWith(USUAL) && !authorization.includes(' ', USUAL.length)) return authorization.slice(USUAL.length)
  return BEARER.exec(authorization)?.[1]
}
