import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { exchange } from '../../scripts/turn-exchange.ts'
import { TurnClient } from '../../scripts/turn-client.ts'
import type { Stack } from './stack.ts'
import { until } from './until.ts'

type Transport = 'udp' | 'tcp'

export interface Caller {
  client: TurnClient
  /** the user tag in its name, by which the ledger lists its session */
  tag: string
}
export interface Call { a: Caller, b: Caller }

interface CallOptions {
  transport?: Transport
  /** which entry of iceServers each side uses */
  server?: [number, number]
}

export const tagOf = (username: string): string => username.split(':')[1]?.split('.')[1] ?? ''

/** One client of the test's own, logged in to a relay with a credential fresh from the API, for a user of its own. */
export async function connectCaller (stack: Stack, key: string, transport: Transport = 'udp', server = 0): Promise<Caller> {
  const user = randomUUID()
  let body: any
  await until('the fleet serves', async () => {
    body = (await stack.issue(key, { user })).body
    return body.provider === 'coturn' && body.iceServers[server] !== undefined
  })
  const { username, credential, urls } = body.iceServers[server]
  const [, host, port] = /^turn:([^:]+):(\d+)/.exec(urls[0]) ?? []
  const client = await TurnClient.connect({ host: host ?? '', port: Number(port), transport, username, password: credential })
  return { client, tag: tagOf(username) }
}

/** Two clients that talk to each other through their relayed addresses. */
export async function startCall (stack: Stack, key: string, { transport = 'udp', server = [0, 0] }: CallOptions = {}): Promise<Call> {
  const [a, b] = await Promise.all(server.map(async index => await connectCaller(stack, key, transport, index)))
  if (!a || !b) throw new Error('a call needs two')
  await Promise.all([a.client.allocate(), b.client.allocate()])
  return { a, b }
}

export const startCalls = async (stack: Stack, key: string, count: number, options: CallOptions = {}): Promise<Call[]> =>
  await Promise.all(Array.from({ length: count }, async () => await startCall(stack, key, options)))

export const talk = async (calls: readonly Call[], packets: number, payloadBytes = 160): Promise<void> => {
  await Promise.all(calls.map(async ({ a, b }) => await exchange({ a: a.client, b: b.client, packets, payloadBytes })))
}

export const callersOf = (calls: readonly Call[]): Caller[] => calls.flatMap(({ a, b }) => [a, b])

/** Ends allocations with a Refresh of lifetime 0, then closes the sockets. */
export const release = async (callers: readonly Caller[]): Promise<void> => {
  await Promise.all(callers.map(async ({ client }) => {
    await client.release()
    await client.close()
  }))
}

/** Closes the sockets without a word. */
export const vanish = async (callers: readonly Caller[]): Promise<void> => {
  await Promise.all(callers.map(async ({ client }) => { await client.close() }))
}

export interface LedgerSession { userTag: string, state: string, node: string, packetsIn: number, bytesIn: number, packetsOut: number, bytesOut: number }

export async function ledgerSessions (stack: Stack, app: string, state: 'open' | 'ended'): Promise<LedgerSession[]> {
  const { body } = await stack.admin('GET', `/sessions?app=${app}&state=${state}&limit=9999`)
  return body.sessions
}

export async function appUsage (stack: Stack, app: string): Promise<Record<string, number>> {
  const { body } = await stack.admin('GET', `/usage?app=${app}`)
  return body.rows[0] ?? {}
}

export interface Counts { packetsIn: number, bytesIn: number, packetsOut: number, bytesOut: number }

export const countsOf = ({ client: { traffic } }: Caller): Counts =>
  ({ packetsIn: traffic.sentPackets, bytesIn: traffic.sentBytes, packetsOut: traffic.receivedPackets, bytesOut: traffic.receivedBytes })

export const sum = (counts: readonly Counts[]): Counts => counts.reduce((total, { packetsIn, bytesIn, packetsOut, bytesOut }) => ({
  packetsIn: total.packetsIn + packetsIn,
  bytesIn: total.bytesIn + bytesIn,
  packetsOut: total.packetsOut + packetsOut,
  bytesOut: total.bytesOut + bytesOut
}), { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 })

/**
 * The ledger against the clients' own count of every byte that went over their sockets: each session, closed by its
 * total, and the app's sums.
 */
export async function expectExact (t: Test, stack: Stack, app: string, callers: readonly Caller[], what: string): Promise<void> {
  const tags = new Set(callers.map(({ tag }) => tag))
  let sessions: LedgerSession[] = []
  await until('all sessions are closed in the ledger', async () => {
    sessions = (await ledgerSessions(stack, app, 'ended')).filter(({ userTag, state }) => tags.has(userTag) && state === 'closed')
    return sessions.length >= callers.length
  }, 45_000).catch(() => {})
  const found = sessions.map(({ userTag, packetsIn, bytesIn, packetsOut, bytesOut }) => ({ userTag, packetsIn, bytesIn, packetsOut, bytesOut }))
  const expected = callers.map(caller => ({ userTag: caller.tag, ...countsOf(caller) }))
  const byTag = (a: { userTag: string }, b: { userTag: string }) => a.userTag < b.userTag ? -1 : 1
  t.same(found.sort(byTag), expected.sort(byTag), `${what}: each of ${callers.length} sessions to the byte`)
  const { sessions: count, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut } = await appUsage(stack, app)
  t.same({ count, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut }, { count: callers.length, lostSessions: 0, ...sum(callers.map(countsOf)) }, `${what}: the sums of the app`)
}
