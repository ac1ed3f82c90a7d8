import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import type { Test } from 'tap'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { until } from '../../scripts/until.ts'
import { startAllocationLoad } from '../helpers/allocation-load.ts'
import { appUsage, callersOf, expectExact, freshAddress, release, startCall, talk } from '../helpers/calls.ts'
import { tagOf } from '../helpers/counts.ts'
import { startOwnProcess } from '../helpers/own-process.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

/** The shortest there is: what follows shows that nothing depends on its length. */
const OVERLAP_SECONDS = 5
const JWT_SECRET = 'the secret an app signs its own tokens with'

const stack = await startStack(t, { slot: 9 })
const witness = await listenToCoturn(t, stack)
const userdb = new Redis({ host: '127.0.0.1', port: stack.ports.redis + 1, username: 'agent', password: await stack.read('nodes', 'node-1', 'agent-password'), db: 1 })
stack.closers.push(async () => { userdb.disconnect() })

const readSecrets = async () => await userdb.smembers('turn/realm/node-1.spillway.internal/secret')
const readNode = async () => (await stack.admin('GET', '/nodes')).body.nodes[0]
const readMasterKeys = async () => (await stack.admin('GET', '/master-key')).body.keys
const untilAccepted = async (...generations: number[]) => {
  await until(`the node accepts ${generations.join(' and ')}`, async () => {
    const { desired, observed } = await readNode()
    return String(desired.generations) === String(generations) && String(observed.generationsApplied) === String(generations)
  }, 25_000)
}

interface Login { username: string, password: string }
/** undefined where the relay makes an allocation, else the code it refuses with. */
async function refusal ({ username, password }: Login): Promise<number | undefined> {
  const client = await TurnClient.connect({ host: `${stack.network}.1`, port: stack.ports.coturn, transport: 'udp', username, password, localAddress: freshAddress() })
  try {
    await client.allocate()
    await client.release()
    return undefined
  } catch (error) {
    return (error as { code: number }).code
  } finally {
    await client.close()
  }
}
const mintByHand = (secret: string): Login => {
  const username = `${Math.floor(Date.now() / 1000) + 600}:by-hand`
  return { username, password: createHmac('sha1', secret).update(username).digest('base64') }
}
const login = async (user?: string): Promise<Login> => (await stack.issue(loginKey, { user })).body

function jwtOf (user: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256' })}.${part({ iss: 'issuer', aud: 'long', sub: user, exp: Math.floor(Date.now() / 1000) + 600 })}`
  return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`
}

const firstMasterKey = await stack.read('master-key')
for (const secret of await readSecrets()) stack.secrets.add(secret)
const [key, loginKey] = [await stack.createApp('load'), await stack.createApp('login')]
const longKey = await stack.createApp('long', { userJwt: { issuer: 'issuer', secret: JWT_SECRET } })
stack.secrets.add(firstMasterKey).add(JWT_SECRET)
const call = await startCall(stack, longKey)
const goesOn = async (t: Test, what: string) => {
  await Promise.all([call.a, call.b].map(async ({ client }) => await client.refresh(600)))
  await talk([call], 100)
  t.equal((await stack.issue(jwtOf('ada'))).status, 201, `${what}: the secrets of apps are read as before`)
  t.same(load.failures, [], `${what}: ${load.allocations} allocations, none failed`)
}
const load = startAllocationLoad(stack, key, ['udp', 'udp', 'tcp', 'tcp'])

t.test("a node's secret is rotated", async t => {
  const [secret = ''] = await readSecrets()
  const before = await login()
  t.equal(await refusal(before), undefined)
  t.equal(await refusal(mintByHand(secret)), undefined)

  await stack.signal('node-1-relay-agent', 'SIGSTOP')
  const answer = await stack.admin('POST', '/nodes/node-1/rotate-secret', { overlapSeconds: OVERLAP_SECONDS })
  t.match(answer, { status: 202, body: { id: 'node-1', desired: { generations: [1, 2], rotation: { overlapSeconds: OVERLAP_SECONDS } } } })
  t.match(await stack.admin('POST', '/nodes/node-1/rotate-secret'), { status: 409, body: { code: 'rotation_under_way' } })
  t.match(await stack.admin('POST', '/nodes/node-2/rotate-secret'), { status: 404, body: { code: 'node_not_found' } })
  t.match(await stack.admin('POST', '/nodes/node-1/rotate-secret', { overlapSeconds: 4 }), { status: 400 })

  const made = load.allocations
  await until('many more have allocated', () => load.allocations > made + 500)
  t.same(load.failures, [], 'nothing is signed with what the node does not have yet')
  await stack.signal('node-1-relay-agent', 'SIGCONT')
  await untilAccepted(1, 2)
  t.equal(await refusal(before), undefined, 'in the overlap the old secret is as good as the new one')
  t.equal((await readSecrets()).length, 2)
  await untilAccepted(2)
  const [next = '', ...more] = await readSecrets()
  stack.secrets.add(next)
  t.same(more, [])
  t.not(next, secret)
  t.equal(await refusal(before), 401, 'a credential issued before is refused')
  t.equal(await refusal(mintByHand(secret)), 401, 'one minted by hand with the old secret as well')
  t.equal(await refusal(mintByHand(next)), undefined, 'which the new one is not')
  await goesOn(t, 'rotated node')
})

let masterKey = ''
t.test('the master key is rotated, and every process restarted with the old one in the middle of it', async t => {
  const before = await login('someone')
  const [secret = ''] = await readSecrets()
  const answer = await stack.admin('POST', '/master-key/rotate', { overlapSeconds: OVERLAP_SECONDS })
  t.match(answer, { status: 201, body: { id: /^[0-9a-f]{16}$/, key: /^[A-Za-z0-9_-]{64}$/ } })
  masterKey = answer.body.key
  t.match(await stack.admin('POST', '/master-key/rotate'), { status: 409, body: { code: 'rotation_under_way' } })
  const [old, current] = await readMasterKeys()
  t.match([old, current], [{ current: false, nodes: ['node-1'], retirable: false }, { id: answer.body.id, current: true, retirable: false }])
  t.match(await stack.admin('DELETE', `/master-key/${old.id}`), { status: 409, body: { code: 'master_key_in_use', detail: /node-1/ } })
  t.match(await stack.admin('DELETE', `/master-key/${current.id}`), { status: 409, body: { code: 'master_key_in_use' } })

  for (const part of ['node-1-relay-agent', 'ledger', 'control-plane']) await stack.signal(part, 'SIGKILL')
  await stack.up()
  t.equal((await readMasterKeys()).length, 2, 'a process started with the old key finds both')
  await untilAccepted(3)
  for (const made of await readSecrets()) stack.secrets.add(made)
  t.equal(await refusal(before), 401, 'a credential issued before is refused')
  t.equal(await refusal(mintByHand(secret)), 401)
  const after = await login('someone')
  t.equal(await refusal(after), undefined)
  t.not(tagOf(after.username), tagOf(before.username), 'tags are of the master key')
  await goesOn(t, 'rotated master key')
})

t.test('the old master key is retired', async t => {
  const [old] = await readMasterKeys()
  t.match(await stack.admin('DELETE', `/master-key/${old.id}`), { status: 409, body: { detail: /was started with it/ } }, 'not while the new one may have been lost')
  await writeFile(join(stack.folder, 'master-key'), masterKey)
  await stack.signal('control-plane', 'SIGKILL')
  await stack.up()
  t.match(await readMasterKeys(), [{ id: old.id, nodes: [], retirable: true }, {}])
  t.match(await stack.admin('DELETE', `/master-key/${old.id}`), { status: 200, body: { id: old.id } })
  t.match(await stack.admin('DELETE', `/master-key/${old.id}`), { status: 404, body: { code: 'master_key_not_found' } })
  t.same((await readMasterKeys()).map(({ id }: { id: string }) => id !== old.id), [true])

  const ledger = async () => await (await fetch(`http://127.0.0.1:${stack.ports.ledger}/readyz`)).json() as any
  await until('the ledger says that its key is retired', async () => (await ledger()).degraded.masterKey !== undefined)
  await goesOn(t, 'a ledger configured with the retired key')
  const late = startOwnProcess(t, 'ledger', { SPILLWAY_REDIS_URL_FILE: join(stack.folder, 'run', 'redis-url'), SPILLWAY_MASTER_KEY: firstMasterKey, SPILLWAY_LEDGER_OPS_PORT: '0' })
  t.equal(await late.exit(30_000), 1, 'but it would not start again')
  t.match(late.said.stdout, /is the retired master key [0-9a-f]{16}: set it to the current one/)
  await stack.signal('ledger', 'SIGKILL')
  await stack.signal('node-1-relay-agent', 'SIGKILL')
  await stack.up()
  t.same((await ledger()).degraded, {})
  await untilAccepted(3)
  await goesOn(t, 'an agent configured with a node key of the retired key')
})

t.test('nothing failed through it all, and every byte is booked', async t => {
  await load.stop()
  t.same(load.failures, [])
  t.ok(load.allocations > 500, `${load.allocations} allocations`)
  await until('all sessions are booked', async () => ((await appUsage(stack, 'load')).packetsIn ?? 0) >= load.counts.packetsIn, 30_000).catch(() => {})
  const { sessions, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut } = await appUsage(stack, 'load')
  t.same({ sessions, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut }, { sessions: load.allocations, lostSessions: 0, ...load.counts }, 'those who allocated, to the byte')
  await release(callersOf([call]))
  await expectExact(t, stack, 'long', callersOf([call]), witness, 'a call through it all')
})

t.test('the audit tells of it, what Spillway did by itself included', async t => {
  const { body } = await stack.admin('GET', '/audit?limit=100')
  t.same(body.entries.map(({ actor, action }: any) => `${actor} ${action}`).filter((entry: string) => /rotate|retire/.test(entry)), [
    'root node.rotate-secret', 'spillway node.retire-secret', 'root master-key.rotate', 'spillway node.retire-secret', 'root master-key.retire'
  ])
})

t.test('no log of this run holds a secret', stack.searchLogs)
