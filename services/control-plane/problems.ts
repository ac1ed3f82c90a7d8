import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** An error fit for the caller: RFC 9457 problem+json with a code that stays the same. */
export class Problem extends Error {
  readonly status: number
  readonly code: string

  constructor (status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

/** Every problem the APIs answer with, beside those of the framework below. */
export const problems = {
  noCredential: () => new Problem(401, 'unauthorized', 'send a secret key: "Authorization: Bearer <key>"'),
  wrongKey: () => new Problem(401, 'unauthorized', 'this key opens no app: it was revoked, or never issued here'),
  wrongToken: () => new Problem(401, 'unauthorized', 'send "Authorization: Bearer <admin token>"'),
  notReady: () => new Problem(503, 'not_ready', 'the control plane has not read its apps and nodes yet: try again in a second'),
  noProvider: () => new Problem(503, 'no_provider', 'no configured provider can serve now'),
  storeAway: () => new Problem(503, 'store_unavailable', 'Redis does not answer: try again when it is back'),
  appExists: (id: string) => new Problem(409, 'app_exists', `there is an app "${id}" already`),
  noApp: (id: string) => new Problem(404, 'app_not_found', `there is no app "${id}"`),
  noKey: (id: string) => new Problem(404, 'key_not_found', `there is no key "${id}"`),
  noRoute: () => new Problem(404, 'not_found', 'there is nothing here'),
  badRange: () => new Problem(400, 'invalid_request', '"from" must lie before "to", both an ISO 8601 date or time with its zone (2026-11-22, 2026-11-22T10:00Z), at most two years apart')
}

const FRAMEWORK_CODES: Record<string, [status: number, code: string]> = {
  FST_ERR_VALIDATION: [400, 'invalid_request'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed_json'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'invalid_request'],
  FST_ERR_BAD_URL: [400, 'invalid_request'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'uri_too_long']
}

/** The one place an error becomes an answer. What is not the caller's to know is logged and stays unsaid. */
export function answerProblem (error: FastifyError | Problem | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error)
  if (problem.status >= 500) request.log.error({ err: { message: error.message, stack: error.stack }, code: problem.code }, 'request failed')
  return reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {} })
    .type('application/problem+json')
    .send({ type: 'about:blank', title: STATUS_CODES[problem.status] ?? 'Error', status: problem.status, code: problem.code, detail: problem.message })
}

function toProblem (error: FastifyError | Problem | Error): Problem {
  if (error instanceof Problem) return error
  const code = 'code' in error ? error.code : undefined
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code]
  if (known) return new Problem(known[0], known[1], explain(error))
  if (isStoreAway(error)) return problems.storeAway()
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status !== undefined && status >= 400 && status < 500) return new Problem(status, 'invalid_request', error.message)
  return new Problem(500, 'internal', 'an error on our side; it has been logged')
}

/** Ajv names the place and the rule; which property was one too many it keeps to itself. */
function explain (error: FastifyError | Error): string {
  const surplus = 'validation' in error ? error.validation?.[0]?.params.additionalProperty : undefined
  return typeof surplus === 'string' ? `${error.message}: "${surplus}"` : error.message
}

/** How ioredis says that the server cannot be reached or does not answer in time. */
const isStoreAway = (error: Error): boolean =>
  error.name === 'MaxRetriesPerRequestError' || /Command timed out|Connection is closed|Stream isn't writeable|ECONNREFUSED|ECONNRESET/.test(error.message)
