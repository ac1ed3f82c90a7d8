import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** An error fit for the caller: RFC 9457 problem+json with a code that stays the same. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>

  constructor (status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** RFC 6750, section 3: a token was sent, and it is no good. */
const INVALID_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"' }
const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) })

/** Every problem the APIs answer with, beside those of the framework below. */
export const problems = {
  noBearer: () => new Problem(401, 'unauthorized', 'send a key: "Authorization: Bearer <key>"', { 'www-authenticate': 'Bearer' }),
  wrongKey: () => new Problem(401, 'unauthorized', 'this key opens no app: it was revoked, or never issued here', INVALID_TOKEN),
  noAdminToken: () => new Problem(401, 'unauthorized', 'send "Authorization: Bearer <admin token>"', { 'www-authenticate': 'Bearer' }),
  wrongAdminToken: () => new Problem(401, 'unauthorized', 'this is no admin token: it was revoked, or never issued here', INVALID_TOKEN),
  noJoinTokenSent: () => new Problem(401, 'unauthorized', 'send "Authorization: Bearer <join token>"', { 'www-authenticate': 'Bearer' }),
  wrongJoinToken: () => new Problem(401, 'join_token_invalid', 'this is no join token: it was revoked, or never made here', INVALID_TOKEN),
  joinTokenUsed: () => new Problem(410, 'join_token_used', 'this join token was used: each opens once, POST /admin/v1/join-tokens makes another'),
  joinTokenExpired: () => new Problem(410, 'join_token_expired', 'this join token has expired: POST /admin/v1/join-tokens makes another'),
  invalidJwt: (why: string) => new Problem(401, 'invalid_token', why, INVALID_TOKEN),
  expiredJwt: () => new Problem(401, 'token_expired', 'this user token has expired: get a new one from your app', INVALID_TOKEN),
  keySetAway: () => new Problem(503, 'keys_unavailable', 'the keys this user token is to be checked with cannot be fetched from the jwksUrl of the app', retryAfter(10)),
  secretLost: (app: string) => new Problem(503, 'keys_unavailable', `the secret user tokens of this app are checked with cannot be opened: set userJwt.secret again, PATCH /admin/v1/apps/${app}`),
  suspended: (id: string) => new Problem(403, 'app_suspended', `the app "${id}" is suspended`),
  userKicked: (untilMs: number) => new Problem(403, 'user_kicked', `this user was kicked, and gets no credentials until ${new Date(untilMs).toISOString()}`),
  foreignOrigin: () => new Problem(403, 'origin_not_allowed', 'publishable keys and user tokens work from the allowedOrigins of their app only'),
  secretKeyNeeded: () => new Problem(403, 'secret_key_needed', 'this call takes a secret key'),
  foreignRegion: (region: string) => new Problem(403, 'region_not_allowed', `the app may not be relayed in region "${region}"`),
  eitherSecretOrKeySet: () => new Problem(400, 'invalid_request', 'userJwt takes either "secret" or "jwksUrl"'),
  noKeySetUrl: () => new Problem(400, 'invalid_request', 'userJwt.jwksUrl is no URL'),
  userIsSub: () => new Problem(400, 'invalid_request', 'with a user token the user is its "sub": leave "user" out'),
  tooMany: (what: string, seconds: number) => new Problem(429, 'rate_limited', `too many requests ${what}`, retryAfter(seconds)),
  relayQuota: (detail: string, seconds: number) => new Problem(429, 'relay_quota', detail, retryAfter(seconds)),
  notReady: () => new Problem(503, 'not_ready', 'the control plane has not read its apps and nodes yet: try again in a second', retryAfter(1)),
  noProvider: () => new Problem(503, 'no_provider', 'no configured provider can serve now: POST /v1/credentials/explain says why', retryAfter(5)),
  storeAway: () => new Problem(503, 'store_unavailable', 'Redis does not answer: try again when it is back', retryAfter(5)),
  tooManyChanges: () => new Problem(503, 'too_many_changes', 'others are making changes at the same time, this one was not made: try again', retryAfter(1)),
  roleTooLow: (needed: string) => new Problem(403, 'role_too_low', `this call takes an admin token of role "${needed}"`),
  appExists: (id: string) => new Problem(409, 'app_exists', `there is an app "${id}" already`),
  audienceTaken: (id: string) => new Problem(409, 'audience_taken', `the app "${id}" has the same issuer and audience: together they must name one app`),
  tokenExists: (name: string) => new Problem(409, 'token_exists', `there is an admin token "${name}" already: revoke it, or take another name`),
  rotationUnderWay: (id: string) => new Problem(409, 'rotation_under_way', `node "${id}" still accepts older secrets beside its newest: GET /admin/v1/nodes says since when`),
  masterRotationUnderWay: () => new Problem(409, 'rotation_under_way', 'there is another master key beside the current one: retire it first'),
  noRotation: () => new Problem(409, 'no_rotation', 'there is one master key only: nothing to go back to'),
  masterKeyInUse: (why: string) => new Problem(409, 'master_key_in_use', why),
  noApp: (id: string) => new Problem(404, 'app_not_found', `there is no app "${id}"`),
  noKey: (id: string) => new Problem(404, 'key_not_found', `there is no key "${id}"`),
  noToken: (name: string) => new Problem(404, 'token_not_found', `there is no admin token "${name}"`),
  noNode: (id: string) => new Problem(404, 'node_not_found', `there is no node "${id}"`),
  nodeInUse: (why: string) => new Problem(409, 'node_in_use', why),
  nodeExists: (id: string) => new Problem(409, 'node_exists', `there is a node "${id}" already: remove it first, or take another name`),
  nodeRevoked: (id: string) => new Problem(409, 'node_revoked', `a node "${id}" was taken out by force, and whoever was it may still hold the key of that name: take another name, or, if it was you, free it with PUT and then DELETE /admin/v1/nodes/${id}`),
  addressNotAllowed: (addresses: readonly string[]) => new Problem(403, 'address_not_allowed', `this join token is for a relay at other addresses than ${addresses.length > 0 ? addresses.join(', ') : 'none, and the request names none in "addresses"'}: choose one of them (--relay-ip, --external-ip), or make another token`),
  joiningOff: (why: string) => new Problem(409, 'joining_off', `no machine can join: ${why}; see infra/README.md`),
  noJoinToken: (id: string) => new Problem(404, 'join_token_not_found', `there is no join token "${id}"`),
  noSession: (id: string) => new Problem(404, 'session_not_found', `no session "${id}" is open: GET /admin/v1/sessions lists those that are`),
  noKick: () => new Problem(404, 'kick_not_found', 'this user is not kicked'),
  kickRefused: (why: string) => new Problem(409, 'kick_refused', why),
  noMasterKey: (id: string) => new Problem(404, 'master_key_not_found', `there is no master key "${id}": GET /admin/v1/master-key lists them`),
  noBudget: () => new Problem(404, 'budget_not_found', 'there is no such budget: GET /admin/v1/budgets lists them'),
  emptyBudget: () => new Problem(400, 'invalid_request', 'a budget takes "dayMicroUsd", "monthMicroUsd" or both; to have none, DELETE it'),
  noRoute: () => new Problem(404, 'not_found', 'there is nothing here'),
  repeatedHeader: () => new Problem(400, 'invalid_request', 'authorization, content-type, host and origin are sent once each'),
  noHost: () => new Problem(400, 'invalid_request', 'the header "host" is missing (RFC 9112, section 3.2)'),
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

/** What Node's HTTP server refuses before there is a request. */
const CLIENT_ERROR_CODES: Record<string, [status: number, code: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'the headers are larger than 16 KiB']
}

export const PROBLEM_TYPE = 'application/problem+json'

const body = ({ status, code, message }: Problem) =>
  ({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail: message })

/** The one place an error becomes an answer. What is not the caller's to know is logged and stays unsaid. */
export function answerProblem (error: FastifyError | Problem | Error, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error)
  // closed at once, a client that still sends would be reset before it has read this; Node drops what is still to come
  if (problem.status === 413) reply.removeHeader('connection')
  return reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...problem.headers })
    .type(PROBLEM_TYPE)
    .send(body(problem))
}

/** The same for what never became a request, as the bytes of an answer. */
export function clientProblem (code: string | undefined): string {
  const [status, name, detail] = CLIENT_ERROR_CODES[code ?? ''] ?? [400, 'invalid_request', 'this is no HTTP request']
  const text = JSON.stringify(body(new Problem(status, name, detail)))
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nCache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`
}

/** What an error looks like from outside. */
export function toProblem (error: FastifyError | Problem | Error): Problem {
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
  error.name === 'MaxRetriesPerRequestError' || /^(LOADING|OOM|READONLY|MISCONF|MASTERDOWN|BUSY) |Command timed out|Connection is closed|Stream isn't writeable|ECONNREFUSED|ECONNRESET/.test(error.message)
