import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { OpenAPIV3_1 as OpenApi } from 'openapi-types'
import { version } from '../runtime/version.ts'
import { PROBLEM_TYPE } from './problems.ts'
import { ProblemReply } from './schemas.ts'

interface Description {
  title: string
  description: string
  bearer: string
  /** whether every call of it takes the bearer */
  closed: boolean
}

const PUBLIC: Description = {
  title: 'Spillway public API',
  description: 'ICE servers for apps. A call that fails answers application/problem+json (RFC 9457); decide by its `code`.',
  bearer: 'a secret key (sk_…), a publishable key (pk_…) from an allowed origin, or a user token (JWT) of the app',
  closed: false
}
const ADMIN: Description = {
  title: 'Spillway admin API',
  description: 'Apps, keys, nodes and what was relayed. A call that fails answers application/problem+json (RFC 9457); decide by its `code`. Every change stands in the audit.',
  bearer: 'an admin token; its role must be enough for the call',
  closed: true
}

/** Collects what routes registered from here on say of themselves as OpenAPI 3.1. */
async function describe (server: FastifyInstance, { title, description, bearer, closed }: Description): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: bearer } } },
      ...closed ? { security: [{ bearer: [] }] } : {}
    },
    transform: ({ schema, url }) => ({ schema: withProblem(schema), url }),
    transformObject: document => 'openapiObject' in document ? complete(document.openapiObject as OpenApi.Document) : document.swaggerObject
  })
}

/** Every call can fail, and all failures look the same. */
function withProblem (schema: any): any {
  if (!schema || schema.hide === true) return { ...schema, hide: true }
  return { ...schema, response: { ...schema.response, default: { description: 'a problem', content: { [PROBLEM_TYPE]: { schema: ProblemReply } } } } }
}

/** What a route's schema has no place for: an id for each call, a word for each status, bodies that may be left out. */
function complete (document: OpenApi.Document): OpenApi.Document {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {}) as Array<[string, OpenApi.OperationObject]>) {
      const words = path.replace('/admin/v1', '').split(/[/{}-]+/).filter(Boolean)
      operation.operationId = method + words.map(word => word[0]?.toUpperCase() + word.slice(1)).join('')
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if (response.description === 'Default Response') response.description = STATUS_CODES[status] ?? status
      }
      const body = operation.requestBody as OpenApi.RequestBodyObject | undefined
      if (body) body.required = Object.values(body.content).some(({ schema }) => schema !== undefined && 'required' in schema)
    }
  }
  return document
}

/** The public API as a document, at /openapi.json. */
export async function describePublic (server: FastifyInstance): Promise<void> {
  await describe(server, PUBLIC)
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger())
}

/** Both APIs as documents and as a page, at /docs. */
export async function describeAdmin (server: FastifyInstance, publicServer: FastifyInstance): Promise<void> {
  await describe(server, ADMIN)
  server.get('/openapi/admin.json', { schema: { hide: true } }, () => server.swagger())
  server.get('/openapi/public.json', { schema: { hide: true } }, () => publicServer.swagger())
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    // its own files and nothing from elsewhere; the ops port speaks plain http, so nothing may ask for https either
    staticCSP: "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'",
    theme: { title: 'Spillway API', css: [{ filename: 'spillway.css', content: '.swagger-ui .topbar .link { visibility: hidden }' }] },
    uiConfig: {
      urls: [{ name: 'public', url: '/openapi/public.json' }, { name: 'admin', url: '/openapi/admin.json' }],
      layout: 'StandaloneLayout',
      validatorUrl: null
    } as object
  })
}

/** What an alert means and what to do about it, at /runbooks; made by `npm run prometheus`. */
export function addRunbooks (server: FastifyInstance): void {
  const page = readFileSync(join(import.meta.dirname, '../../infra/prometheus/runbooks.html'), 'utf8')
  const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  server.get('/runbooks', { schema: { hide: true } }, (_request, reply) => reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(page))
}
