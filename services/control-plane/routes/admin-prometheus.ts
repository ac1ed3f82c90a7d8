import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { readNodes } from '../../store/nodes.ts'
import type { AdminContext } from '../admin-context.ts'

/** As Prometheus reads it: https://prometheus.io/docs/prometheus/latest/http_sd/ */
const TargetsReply = Type.Array(Type.Object({
  targets: Type.Array(Type.String({ description: 'host:port' })),
  labels: Type.Object({ node: Type.String(), region: Type.String() }, { additionalProperties: false })
}, { additionalProperties: false }))

/** Agents that Prometheus may scrape, for those who want more than the probers tell of nodes. */
export function addPrometheusRoutes (fastify: FastifyInstance, { redis }: Pick<AdminContext, 'redis'>): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()

  server.get('/prometheus/targets', { schema: { tags: ['nodes'], summary: 'Agents that tell where they can be scraped, for http_sd_configs of Prometheus; one that is silent stays, so that its absence shows', response: { 200: TargetsReply } } }, async () =>
    (await readNodes(redis)).flatMap(({ id, observed }) =>
      observed?.opsAddress === undefined ? [] : [{ targets: [observed.opsAddress], labels: { node: id, region: observed.region } }]))
}
