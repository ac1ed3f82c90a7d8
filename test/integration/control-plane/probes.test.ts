import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { openKeyRing } from '../../../services/domain/key-ring.ts'
import { deriveNodeKey, deriveNodeSecret, keyId, mintCredential, parseUsername } from '../../../services/domain/turn-credential.ts'
import { passwordsOf } from '../../../services/domain/turn-password.ts'
import { readProbeCredentials } from '../../../services/store/probe-credentials.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { expectProblem, MASTER_KEY, startControlPlane } from '../../helpers/control-plane.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
const credentialOf = async (node: string) => (await readProbeCredentials(redis, [node])).get(node)

t.test('each node that has confirmed a secret has a credential for its probes, which coturn there accepts', async t => {
  await door.admin('PUT', '/nodes/silent')
  await door.addNode('eu-1')
  await until('there is a credential', async () => await credentialOf('eu-1') !== undefined)
  const { username = '', password, expiresAtMs, generation, keyId: signedWith } = await credentialOf('eu-1') ?? {}
  t.match(parseUsername(openKeyRing(null, [MASTER_KEY], 0).nameKeys, username), { app: '_probe', userTag: /^[0-9a-f]{24}$/ })
  const nodeKey = deriveNodeKey(MASTER_KEY, 'eu-1')
  const [expiry = '', userId = ''] = username.split(':')
  t.same({ password, expiresAtMs, generation, signedWith }, { password: mintCredential(passwordsOf(deriveNodeSecret(nodeKey, 1)), userId, Number(expiry)).credential, expiresAtMs: Number(expiry) * 1000, generation: 1, signedWith: keyId(nodeKey) })
  t.ok(await redis.pttl('probe-credential:eu-1') > 5.9 * 3_600_000, 'it goes by itself after six hours')
  t.equal(await credentialOf('silent'), undefined)
})

t.test('it stays as it is until the node is signed for with something else, or it cannot be read', async t => {
  const before = await redis.get('probe-credential:eu-1')
  await door.caughtUp()
  t.equal(await redis.get('probe-credential:eu-1'), before)

  await door.admin('POST', '/nodes/eu-1/rotate-secret', {})
  await door.addNode('eu-1', { beat: 2, generationsApplied: [1, 2] })
  await until('it is signed with the new secret', async () => (await credentialOf('eu-1'))?.generation === 2)
  for (const broken of ['{', '{"username":"x"}']) {
    await redis.set('probe-credential:eu-1', broken)
    await until('it is whole again', async () => (await credentialOf('eu-1'))?.generation === 2)
  }
})

t.test('what probes relayed stands in the sum of their node, and in no report that does not ask for it', async t => {
  const now = Date.now()
  const row = { startedAtMs: now, atMs: now }
  await applyUsage(redis, await deliver(redis, 'eu-1', 'log', 1), [bookedRow({ ...row, bytesIn: 100 }), bookedRow({ ...row, app: '_probe', allocation: allocationOf(2), bytesIn: 11 })])
  const usage = async (query: string): Promise<Array<[string, number]>> => (await door.admin('GET', `/usage?${query}`)).body.rows.map(({ key, bytesIn }: { key: string, bytesIn: number }) => [key, bytesIn])
  t.same(await usage('by=node'), [['eu-1', 111]])
  t.same(await usage('by=app'), [['shop', 100]])
  t.same(await usage('by=provider'), [['coturn', 100]])
  t.same(await usage('app=_probe'), [['_probe', 11]])
  const { text } = await door.admin('GET', '/usage?format=csv')
  t.same(text.split('\r\n').map(line => line.split(',')[0]), ['key', 'shop', ''])

  const apps = async (query: string) => (await door.admin('GET', `/sessions?${query}`)).body.sessions.map(({ app }: { app: string }) => app)
  t.same(await apps(''), ['shop'])
  t.same(await apps('node=eu-1'), ['shop'])
  t.same(await apps('app=_probe'), ['_probe'])
})

t.test('no app can be made, changed or given a key under the name of the probes', async t => {
  expectProblem(t, await door.admin('POST', '/apps', { id: '_probe' }), 400, 'invalid_request', 'made')
  expectProblem(t, await door.admin('PATCH', '/apps/_probe', { suspended: true }), 400, 'invalid_request', 'changed')
  expectProblem(t, await door.admin('POST', '/apps/_probe/keys'), 400, 'invalid_request', 'given a key')
})
