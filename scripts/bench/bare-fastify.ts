import { createHmac } from 'node:crypto'
import Fastify from 'fastify'

/**
 * What credentials cannot cost less than: a Fastify that parses the same requests, computes the one HMAC a TURN password
 * takes and answers as many bytes. SAMPLE is a reply of the control plane. No authentication, policy, metrics, log.
 */
const { PORT, SAMPLE = '{}' } = process.env
const sample = JSON.parse(SAMPLE)
const { length } = String(sample.username)

const server = Fastify()
server.post<{ Body: { user: string } }>('/v1/credentials', async (request, reply) => {
  const username = `${Math.floor(Date.now() / 1000) + sample.ttl}:${request.body.user}`.padEnd(length, '.')
  const password = createHmac('sha1', 'a secret of the usual forty-three characters').update(username).digest('base64')
  const iceServers = [{ ...sample.iceServers[0], username, credential: password }, ...sample.iceServers.slice(1)]
  reply.code(201)
  return { ...sample, iceServers, username, password }
})
await server.listen({ host: '127.0.0.1', port: Number(PORT) })
