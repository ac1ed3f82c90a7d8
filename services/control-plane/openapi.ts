import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { version } from '../runtime/version.ts'
import { PROBLEM_TYPE } from './problems.ts'
import { ProblemReply } from './schemas.ts'

interface Description {
  title: string
  description: string
  bearer: string
}

const PUBLIC: Description = {
  title: 'Spillway public API',
  description: 'ICE servers for apps. A call that fails answers application/problem+json (RFC 9457); decide by its `code`.',
  bearer: 'a secret key (sk_…), a publishable key (pk_…) from an allowed origin, or a user token (JWT) of the app'
}
const ADMIN: Description = {
  title: 'Spillway admin API',
  description: 'Apps, keys, nodes and what was relayed. A call that fails answers application/problem+json (RFC 9457); decide by its `code`. Every change stands in the audit.',
  bearer: 'an admin token; its role must be enough for the call'
}

/** Collects what routes registered from here on say of themselves as OpenAPI 3.1. */
async function describe (server: FastifyInstance, { title, description, bearer }: Description): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: bearer } } }
    },
    transform: ({ schema, url }) => ({ schema: withProblem(schema), url })
  })
}

/** Every call can fail, and all failures look the same. */
function withProblem (schema: any): any {
  if (!schema || schema.hide === true) return { ...schema, hide: true }
  return { ...schema, response: { ...schema.response, default: { description: 'a problem', content: { [PROBLEM_TYPE]: { schema: ProblemReply } } } } }
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
    staticCSP: true,
    uiConfig: { urls: [{ name: 'public', url: '/openapi/public.json' }, { name: 'admin', url: '/openapi/admin.json' }] } as object
  })
}
