import { createHmac } from 'node:crypto'
import t from 'tap'
import { createCoturnProvider } from '../../../../services/control-plane/providers/coturn.ts'
import type { Minted } from '../../../../services/control-plane/providers/provider.ts'
import { deriveNodeKey, deriveNodeSecret, keyId, mintUserId, parseUsername } from '../../../../services/domain/turn-credential.ts'
import type { NodeView } from '../../../../services/policy/next-snapshot.ts'
import { ringOf } from '../../../helpers/key-rings.ts'

const MASTER_KEY = 'm'.repeat(40)
const TAG = '0123456789abcdef01234567'
const NOW_MS = Date.UTC(2026, 10, 22, 10) + 999
const keyRing = ringOf(MASTER_KEY)
const view = (id: string, differs: Partial<NodeView> = {}): NodeView => ({
  id, state: 'up', region: `region-of-${id}`, urls: [`turn:${id}.example.org:3478?transport=udp`, `turn:${id}.example.org:3478?transport=tcp`], signingGeneration: 1, signingKeyId: keyId(deriveNodeKey(MASTER_KEY, id)), loadRatio: 0, beat: 1, quietMs: 0, ...differs
})
const provider = createCoturnProvider(keyRing)
const mint = async (...nodes: NodeView[]): Promise<Minted> =>
  await provider.mint({ app: 'shop', userTag: TAG, userId: mintUserId(keyRing.minting.derived, 'shop', TAG), ttlSeconds: 600, nowMs: NOW_MS }, { provider: 'coturn', reason: 'healthy', nodes }, 0)
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

t.test('a node without a URL has no entry, and nodes without any cannot serve', async t => {
  const { iceServers } = await mint(view('a', { urls: [] }), view('b'))
  t.match(iceServers, [{ credential: passwordOf(iceServers[0]?.username, 'b', 1) }])
  t.equal(iceServers.length, 1)
  await t.rejects(async () => await mint(view('a', { urls: [] })), /no node of the plan has a URL/)
})

t.test('a URL no browser would take is left out, and a node with no other is no answer', async t => {
  const [good, bad] = ['turn:a.example.org:3478?transport=udp', 'turn:a.example.org:53?transport=udp']
  t.same((await mint(view('a', { urls: [bad, good, 'turn:a.example.org:3478?transport=sctp'] }))).iceServers.map(({ urls }) => urls), [[good]])
  await t.rejects(async () => await mint(view('a', { urls: [bad] })), /no node of the plan has a URL/)
})

t.test('during a rotation of the master key each node is signed for with the key it has confirmed, all names are of the new one', async t => {
  const rotating = ringOf(MASTER_KEY, 'n'.repeat(40))
  const provider = createCoturnProvider(rotating)
  const behind = view('a')
  const ahead = view('b', { signingGeneration: 2, signingKeyId: keyId(deriveNodeKey('n'.repeat(40), 'b')) })
  const { iceServers: [first, second] } = await provider.mint({ app: 'shop', userTag: TAG, userId: mintUserId(rotating.minting.derived, 'shop', TAG), ttlSeconds: 600, nowMs: NOW_MS }, { provider: 'coturn', reason: 'healthy', nodes: [behind, ahead] }, 0)
  t.equal(first?.credential, passwordOf(first?.username, 'a', 1))
  t.equal(second?.credential, createHmac('sha1', deriveNodeSecret(deriveNodeKey('n'.repeat(40), 'b'), 2)).update(second?.username ?? '').digest('base64'))
  t.same(parseUsername([rotating.ring.current.derived.name], first?.username ?? ''), { app: 'shop', userTag: TAG })
})

t.test('a node whose secret comes from no key of the fleet cannot be signed for', async t => {
  await t.rejects(async () => await mint(view('n', { signingKeyId: keyId(deriveNodeKey('another master key', 'n')) })), /no master key of the fleet/)
})
