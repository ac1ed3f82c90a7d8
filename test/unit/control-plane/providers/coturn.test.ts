import { createHmac } from 'node:crypto'
import t from 'tap'
import { createCoturnProvider } from '../../../../services/control-plane/providers/coturn.ts'
import type { Minted } from '../../../../services/control-plane/providers/provider.ts'
import { deriveNodeKey, deriveNodeSecret, keyId, mintUserId, parseUsername } from '../../../../services/domain/turn-credential.ts'
import type { NodeView } from '../../../../services/policy/view-node.ts'
import { ringOf } from '../../../helpers/key-rings.ts'
import { nodeView } from '../../../helpers/node-views.ts'

const MASTER_KEY = 'm'.repeat(40)
const TAG = '0123456789abcdef01234567'
const NOW_MS = Date.UTC(2026, 10, 22, 10) + 999
const keyRing = ringOf(MASTER_KEY)
const view = (id: string, differs: Partial<NodeView> = {}): NodeView =>
  nodeView(id, { region: `region-of-${id}`, signingKeyId: keyId(deriveNodeKey(MASTER_KEY, id)), ...differs })
/** A plan that gives clients all URLs of these nodes. */
const step = (...nodes: NodeView[]) => ({ provider: 'coturn', reason: 'healthy', remarks: [], nodes, urls: nodes.map(({ urls }) => [...urls]) } as const)
const provider = createCoturnProvider(keyRing)
const mint = async (...nodes: NodeView[]): Promise<Minted> =>
  await provider.mint({ app: 'shop', userTag: TAG, userId: mintUserId(keyRing.minting.derived, 'shop', TAG), ttlSeconds: 600, nowMs: NOW_MS }, step(...nodes), 0)
/** As coturn checks it, with the secret the agent of the node derives. */
const passwordOf = (username: string | undefined, nodeId: string, generation: number): string =>
  createHmac('sha1', deriveNodeSecret(deriveNodeKey(MASTER_KEY, nodeId), generation)).update(username ?? '').digest('base64')

t.test('the password is what the node works out from its own secret', async t => {
  const { iceServers: [entry], ...rest } = await mint(view('n'))
  t.equal(entry?.credential, passwordOf(entry?.username, 'n', 1))
  t.equal(entry?.username?.split(':')[0], String(Math.floor(NOW_MS / 1000) + 600), 'it says when it ends')
  t.same(parseUsername(keyRing.ring.nameKeys, entry?.username ?? ''), { app: 'shop', userTag: TAG }, 'and who it is, provably')
  t.same(rest, { expiresAtMs: (Math.floor(NOW_MS / 1000) + 600) * 1000, expiryEndsCalls: false, region: 'region-of-n' })
})

t.test('each node has an entry of its own, with a password of its own and its own URLs', async t => {
  const { iceServers, region } = await mint(view('a'), view('b'))
  t.equal(iceServers.length, 2)
  for (const [index, id] of ['a', 'b'].entries()) {
    const { urls = [], username, credential } = iceServers[index] ?? {}
    t.equal(credential, passwordOf(username, id, 1), id)
    t.ok(urls.length > 0 && urls.every(url => url.includes(`:${id}.example.org:`)), `${urls}`)
  }
  t.not(iceServers[0]?.credential, iceServers[1]?.credential)
  t.equal(iceServers[0]?.username, iceServers[1]?.username, 'one user, one name')
  t.equal(region, 'region-of-a')
})

t.test('it signs with the generation the node has confirmed, and goes on to the next with it', async t => {
  for (const generation of [1, 7, 1]) {
    const { iceServers: [entry] } = await mint(view('n', { signingGeneration: generation }))
    t.equal(entry?.credential, passwordOf(entry?.username, 'n', generation), `generation ${generation}`)
  }
})

t.test('during a rotation of the master key each node is signed for with the key it has confirmed, all names are of the new one', async t => {
  const rotating = ringOf(MASTER_KEY, 'n'.repeat(40))
  const provider = createCoturnProvider(rotating)
  const behind = view('a')
  const ahead = view('b', { signingGeneration: 2, signingKeyId: keyId(deriveNodeKey('n'.repeat(40), 'b')) })
  const { iceServers: [first, second] } = await provider.mint({ app: 'shop', userTag: TAG, userId: mintUserId(rotating.minting.derived, 'shop', TAG), ttlSeconds: 600, nowMs: NOW_MS }, step(behind, ahead), 0)
  t.equal(first?.credential, passwordOf(first?.username, 'a', 1))
  t.equal(second?.credential, createHmac('sha1', deriveNodeSecret(deriveNodeKey('n'.repeat(40), 'b'), 2)).update(second?.username ?? '').digest('base64'))
  t.same(parseUsername([rotating.ring.current.derived.name], first?.username ?? ''), { app: 'shop', userTag: TAG })
})

t.test('a node whose secret comes from no key of the fleet cannot be signed for', async t => {
  await t.rejects(async () => await mint(view('n', { signingKeyId: keyId(deriveNodeKey('another master key', 'n')) })), /no master key of the fleet/)
})
