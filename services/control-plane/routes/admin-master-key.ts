import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { KEEP_NAME_KEY_MS } from '../../domain/key-ring.ts'
import type { RetiredKey } from '../../domain/key-ring.ts'
import { keyId } from '../../domain/turn-credential.ts'
import { nodesAccepting } from '../../policy/rotate-node-keys.ts'
import { readNodes } from '../../store/nodes.ts'
import type { AdminContext } from '../admin-context.ts'
import { addKey, retireKey, returnToKey } from '../change-master-key.ts'
import { CurrentKeyReply, DEFAULT_OVERLAP_SECONDS, MasterKeyParams, MasterKeyReply, NewMasterKeyReply, RetiredReply, Rotate } from '../rotation-schemas.ts'

/** More than HMAC-SHA256 can use, and the length ./scripts/up makes the first one with. */
const MASTER_KEY_BYTES = 48

/** The key everything derives from, replaced while the fleet serves: rotate, put the new one in place, retire the old. */
export function addMasterKeyRoutes (fastify: FastifyInstance, context: AdminContext): void {
  const { redis, keyRing, change } = context
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['master key']
  const config = { role: 'admin' } as const

  server.get('/master-key', { schema: { tags, summary: 'The master keys by their ids, and which nodes still need which', response: { 200: MasterKeyReply } } }, async () => {
    const nodes = await readNodes(redis)
    const ring = await keyRing.refresh()
    return {
      keys: ring.keys.map(key => {
        const accepting = nodesAccepting(nodes, key.text)
        const current = key === ring.current
        return { id: key.id, createdAt: key.createdAt, current, nodes: accepting, retirable: !current && accepting.length === 0 && key.id !== keyRing.configuredId }
      }),
      retired: ring.retired.map(showRetired)
    }
  })

  server.post('/master-key/rotate', { config, schema: { tags, summary: 'A new master key, and new secrets for all nodes that come from it', body: Rotate, response: { 201: NewMasterKeyReply } } }, async (request, reply) => {
    const key = randomBytes(MASTER_KEY_BYTES).toString('base64url')
    await change(request.actor, async () => await addKey(context, key, request.body.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS))
    const next = 'put it into SPILLWAY_MASTER_KEY of control-plane and ledger for their next start; the old one works as well until it is retired'
    return await reply.code(201).send({ id: keyId(key), key, next })
  })

  server.post('/master-key/rotate-back', { config, schema: { tags, summary: 'Makes the other master key the current one, where the present one was not kept', body: Rotate, response: { 202: CurrentKeyReply } } }, async (request, reply) => {
    const { id } = await change(request.actor, async () => await returnToKey(context, request.body.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS))
    return await reply.code(202).send({ id })
  })

  server.delete('/master-key/:id', { config, schema: { tags, summary: 'Retires the other master key, once no node needs it any more', params: MasterKeyParams, response: { 200: RetiredReply } } }, async request => {
    const retired = await change(request.actor, async () => await retireKey(context, request.params.id))
    const next = 'a control-plane or ledger still configured with it goes on, but does not start again: give each of them the current key first'
    return { ...showRetired(retired), next }
  })
}

const showRetired = ({ id, retiredAt }: Pick<RetiredKey, 'id' | 'retiredAt'>) =>
  ({ id, retiredAt, namesVerifiedUntil: new Date(Date.parse(retiredAt) + KEEP_NAME_KEY_MS).toISOString() })
