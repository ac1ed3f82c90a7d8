import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { isPaid, PROVIDERS } from '../../domain/provider.ts'
import { CIRCUIT_STATES } from '../../upstream/circuit.ts'
import { FAILURES } from '../../upstream/upstream-error.ts'
import { Timestamp } from '../admin-schemas.ts'
import type { Issuing } from '../issue-credentials.ts'
import type { Circuits } from '../providers/index.ts'

const closed = { additionalProperties: false }

const ProvidersReply = Type.Object({
  providers: Type.Array(Type.Object({
    provider: Type.Enum([...PROVIDERS]),
    configured: Type.Boolean({ description: 'it has its settings and stands in SPILLWAY_PROVIDER_ORDER' }),
    paid: Type.Boolean({ description: 'it sends a bill' }),
    circuit: Type.Union([Type.Object({
      state: Type.Enum([...CIRCUIT_STATES], { description: 'closed: it is asked. open: it failed and is left alone until retryAt. half_open: the next request finds out. misconfigured: it refuses our account, see its settings' }),
      since: Timestamp('when that began'),
      retryAt: Type.Union([Timestamp('when the next request may find out'), Type.Null()]),
      lastError: Type.Union([Type.Object({ kind: Type.Enum([...FAILURES]), at: Timestamp('when it came') }, closed), Type.Null()])
    }, closed), Type.Null()], { description: 'as the replica that is asked sees it; null for what is not asked over a network' })
  }, closed), { description: 'those configured in the order they are tried, then the rest' })
}, closed)

/** Who may serve, and how the paid ones are. */
export function addProviderRoutes (fastify: FastifyInstance, { available }: Pick<Issuing, 'available'>, circuits: Circuits): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const iso = (atMs: number): string => new Date(atMs).toISOString()

  server.get('/providers', { schema: { tags: ['providers'], summary: 'All providers, and how the paid ones are', response: { 200: ProvidersReply } } }, () => ({
    providers: [...new Set([...available, ...PROVIDERS])].map(provider => {
      const view = circuits.get(provider)?.()
      return {
        provider,
        configured: available.includes(provider),
        paid: isPaid(provider),
        circuit: view
          ? {
              state: view.state,
              since: iso(view.sinceMs),
              retryAt: view.retryAtMs === null ? null : iso(view.retryAtMs),
              lastError: view.lastFailure && { kind: view.lastFailure.kind, at: iso(view.lastFailure.atMs) }
            }
          : null
      }
    })
  }))
}
