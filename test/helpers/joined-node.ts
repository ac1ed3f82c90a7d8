import { once } from 'node:events'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { callerOf, connectClient, talk } from './calls.ts'
import type { Call, Callable } from './calls.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import type { Machine, Ran } from './joined-machine.ts'

/** What a test of a node that joined says of it. */
export interface Joining {
  machine: Machine
  /** its name, and that of one that was there before */
  node: string
  other: string
  /** no other node is in it */
  region: string
  /** secret key of an app */
  key: string
  /** where its clients are, if it cannot be reached from loopback */
  from?: string
}

/** Where a node finds the central Redis. */
export interface CentralAddress { host: string, port: number }

/** Promised are 15 s, on an ordinary machine (8.5 were measured without containers); two slow cores that run all of it at once get twice as long. */
const MOST_TO_CALLS_MS = 30_000
const MOST_TO_OUT_MS = 10_000

export const newToken = async (stack: Callable, body: Record<string, unknown> = {}): Promise<string> => (await stack.admin('POST', '/join-tokens', body)).body.token

/** What a user in the region of the node is given first. */
export const relayFor = async (stack: Callable, { key, region }: Pick<Joining, 'key' | 'region'>, user: string): Promise<Required<IceServer>> =>
  (await stack.issue(key, { user, room: 'one', region })).body.iceServers[0]

export const isOffered = async (stack: Callable, joining: Joining): Promise<boolean> =>
  String((await relayFor(stack, joining, 'anyone')).urls).includes(`:${joining.machine.relayIp}:`)

/** A call of two, each by one entry of iceServers; `from` is the address of the clients. */
export async function callBetween (stack: Callable, entries: readonly [IceServer, IceServer], from?: string): Promise<Call> {
  const [a, b] = await Promise.all(entries.map(async entry => {
    const client = await connectClient(entry, 'udp', from)
    stack.closers.push(async () => { await client.close() })
    await client.allocate()
    return callerOf(client, entry)
  }))
  if (!a || !b) throw new Error('a call needs two')
  await talk([{ a, b }], 50)
  return { a, b }
}

/** The machine joins; from when it was told to until bytes of a call have passed it takes less than half a minute. */
export async function expectJoins (t: Test, stack: Callable, joining: Joining, token: string): Promise<Call> {
  const startedMs = performance.now()
  const joined = joining.machine.join(token)
  await until('it is handed out', async () => await isOffered(stack, joining), 60_000, 100).catch(async (error: unknown) => { throw new Error(JSON.stringify(await joined), { cause: error }) })
  const call = await callBetween(stack, [await relayFor(stack, joining, 'a'), await relayFor(stack, joining, 'b')], joining.from)
  const tookMs = performance.now() - startedMs
  t.ok(tookMs < MOST_TO_CALLS_MS, `calls after ${Math.round(tookMs)} ms`)
  t.equal(call.a.host, joining.machine.relayIp)
  const { code, stdout, stderr } = await joined
  t.equal(code, 0, stderr)
  t.match(stdout, new RegExp(`node ${joining.node} of http.* relays on ${joining.machine.relayIp.replaceAll('.', '\\.')}:`))
  return call
}

/** Refused is a token that was used, and one that is late, each with its code and what to do; neither makes a node. */
export async function expectTokensRefused (t: Test, stack: Callable, join: (token: string) => Promise<Ran>, used: string): Promise<void> {
  const list = async () => (await stack.admin('GET', '/nodes')).body.nodes.map(({ id }: { id: string }) => id)
  const before = await list()
  t.match(await join(used), { code: 1, stderr: /answered 410 join_token_used: .*POST \/admin\/v1\/join-tokens makes another/ }, 'twice')
  const late = await newToken(stack, { ttlSeconds: 1 })
  await until('it is late', async () => (await stack.admin('GET', '/join-tokens')).body.joinTokens[0].state === 'expired')
  t.match(await join(late), { code: 1, stderr: /answered 410 join_token_expired: .*POST \/admin\/v1\/join-tokens makes another/ }, 'late')
  t.same(await list(), before, 'the fleet is as it was')
}

/** A connection to the central Redis by what the node was given. */
export async function connectAsNode ({ machine, node }: Joining, address: CentralAddress): Promise<Redis> {
  const [password, ca] = [await machine.read('nodes', node, 'central-password'), await machine.read('nodes', node, 'central-ca.pem')]
  const redis = new Redis({ ...address, username: `relay-${node}`, password, tls: { ca }, retryStrategy: () => null })
  redis.on('error', () => {})
  return redis
}

/** It reads its own keys; those of another node, of apps and of the centre it neither reads nor writes. */
export async function expectOwnKeysOnly (t: Test, redis: Redis, { node, other }: Joining): Promise<void> {
  t.match(await redis.get(`desired:${node}`), /generations/)
  const refused = [
    `get desired:${other}`, `get observed:${other}`, `hmget applied:${other} log`, `xrevrange usage:${other} + -`, `get probe-credential:${other}`,
    `xadd usage:${other} * a b`, `set observed:${other} {}`, `del usage:${other}`, `set desired:${node} {}`, `hset applied:${node} sequence 0`,
    'hgetall apps', 'hgetall app-keys', 'hgetall admin-tokens', 'hgetall node-users', 'smembers nodes', 'hgetall join-tokens', 'get master-keys',
    'keys *', 'scan 0', 'acl users', 'acl setuser x', 'config get *', 'monitor', 'subscribe x', 'sync', 'flushall'
  ]
  for (const command of refused) {
    const [name = '', ...args] = command.split(' ')
    await t.rejects(redis.call(name, ...args), { message: /NOPERM/ }, command)
  }
  const script = "return redis.call('xadd', KEYS[1], '*', 'a', 'b')"
  await t.rejects(redis.call('eval', script, 1, `usage:${other}`), { message: /NOPERM/ }, 'a script is told its keys')
  await t.rejects(redis.call('eval', script.replace('KEYS[1]', `'usage:${other}'`), 1, `usage:${node}`), { message: /NOPERM|ACL failure|can't access at least one of the keys/ }, 'a script may not more than who runs it')
}

/** Revoked alone, within 10 s it is in no credential, its connections are closed and its login opens nothing. */
export async function expectRevokedAtOnce (t: Test, stack: Callable, joining: Joining, address: CentralAddress): Promise<void> {
  await until('it is handed out', async () => await isOffered(stack, joining), 30_000)
  const redis = await connectAsNode(joining, address)
  t.teardown(() => { redis.disconnect() })
  await redis.ping()
  const ended = once(redis, 'end')
  const startedMs = performance.now()
  t.equal((await stack.admin('DELETE', `/nodes/${joining.node}?force=true`)).status, 204)
  await ended
  await until('it is in no credential', async () => !await isOffered(stack, joining), 15_000, 100)
  const again = await connectAsNode(joining, address)
  const said: string[] = []
  again.on('error', ({ message }) => { said.push(message) })
  await t.rejects(again.ping())
  t.match(said.join(), /WRONGPASS/, 'its login opens nothing')
  const tookMs = performance.now() - startedMs
  t.ok(tookMs < MOST_TO_OUT_MS, `out after ${Math.round(tookMs)} ms`)
}
