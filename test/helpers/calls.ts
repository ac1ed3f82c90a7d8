import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import { exchange } from '../../services/turn/turn-exchange.ts'
import type { TurnClient } from '../../services/turn/turn-client.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { connectClient } from '../../scripts/live/connect-client.ts'
import { until } from '../../scripts/until.ts'
import { sum, tagOf } from './counts.ts'
import type { Counts } from './counts.ts'
import type { Stack } from './stack.ts'
import type { Witness } from './witness.ts'

export { connectClient, freshAddress } from '../../scripts/live/connect-client.ts'
export type Transport = 'udp' | 'tcp'
/** What calls need of a stack, whatever it runs in. */
export type Callable = Pick<Stack, 'issue' | 'admin' | 'closers'>

export interface Caller {
  client: TurnClient
  /** the user tag in its name, by which the ledger lists its session */
  tag: string
  /** the address of its relay */
  host: string
}
export interface Call { a: Caller, b: Caller }

interface CallOptions {
  transport?: Transport
  /** which entry of iceServers each side uses */
  server?: [number, number]
}

/** A client with what is known of it by the credential it uses. */
export const callerOf = (client: TurnClient, { username = '', urls }: IceServer): Caller => ({ client, tag: tagOf(username), host: parseTurnUrl(String(urls[0]))?.host ?? '' })

/** One client of the test's own, logged in to a relay with a credential fresh from the API, for a user of its own. */
export async function connectCaller (stack: Callable, key: string, transport: Transport = 'udp', server = 0, room: string = randomUUID()): Promise<Caller> {
  const user = randomUUID()
  let body: any
  await until('the fleet serves', async () => {
    body = (await stack.issue(key, { user, room })).body
    return body.provider === 'coturn' && body.iceServers[server] !== undefined
  })
  const entry = body.iceServers[server]
  const client = await connectClient(entry, transport)
  stack.closers.push(async () => { await client.close() })
  return callerOf(client, entry)
}

/** Two clients that talk to each other through their relayed addresses. */
export async function startCall (stack: Callable, key: string, { transport = 'udp', server = [0, 0] }: CallOptions = {}): Promise<Call> {
  // one room, so that both replies name the nodes in the same order
  const room = randomUUID()
  const [a, b] = await Promise.all(server.map(async index => await connectCaller(stack, key, transport, index, room)))
  if (!a || !b) throw new Error('a call needs two')
  await Promise.all([a.client.allocate(), b.client.allocate()])
  return { a, b }
}

export const startCalls = async (stack: Callable, key: string, count: number, options: CallOptions = {}): Promise<Call[]> =>
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

export interface LedgerSession { userTag: string, state: string, node: string, allocation: string, packetsIn: number, bytesIn: number, packetsOut: number, bytesOut: number }

export async function ledgerSessions (stack: Callable, app: string, state: 'open' | 'ended'): Promise<LedgerSession[]> {
  const { status, body } = await stack.admin('GET', `/sessions?app=${app}&state=${state}&limit=9999`)
  if (status !== 200) throw new Error(`sessions of ${app}: answered ${status}`)
  return body.sessions
}

export async function appUsage (stack: Callable, app: string): Promise<Record<string, number>> {
  const { body } = await stack.admin('GET', `/usage?app=${app}`)
  return body.rows[0] ?? {}
}

export const countsOf = ({ client: { traffic } }: Pick<Caller, 'client'>): Counts =>
  ({ packetsIn: traffic.sentPackets, bytesIn: traffic.sentBytes, packetsOut: traffic.receivedPackets, bytesOut: traffic.receivedBytes })

const NOTHING: Counts = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 }

const less = (counts: Counts, by: Counts): Counts => ({
  packetsIn: counts.packetsIn - by.packetsIn,
  bytesIn: counts.bytesIn - by.bytesIn,
  packetsOut: counts.packetsOut - by.packetsOut,
  bytesOut: counts.bytesOut - by.bytesOut
})

/** Why coturn's own totals could not be heard, where a test compares without them. */
export interface Unheard { unheard: string }

/**
 * Three counts of the same bytes: the ledger's, what the clients counted on their own sockets, and the totals coturn
 * said when the sessions ended. Each session, closed by its total, and the sums of the app. Callers hold one session each.
 * @param uncounted what a client counts of each session and coturn does not
 */
export async function expectExact (t: Test, stack: Callable, app: string, callers: readonly Caller[], witness: Witness | Unheard, what: string, uncounted: Counts = NOTHING): Promise<void> {
  const tags = new Set(callers.map(({ tag }) => tag))
  let sessions: LedgerSession[] = []
  await until('all sessions are closed in the ledger', async () => {
    sessions = (await ledgerSessions(stack, app, 'ended')).filter(({ userTag, state }) => tags.has(userTag) && state === 'closed')
    return sessions.length >= callers.length
  }, 45_000).catch((error: Error) => t.comment(`${what}: ${error.message}`))
  const found = sessions.map(({ userTag, packetsIn, bytesIn, packetsOut, bytesOut }) => ({ userTag, packetsIn, bytesIn, packetsOut, bytesOut }))
  const expected = callers.map(caller => ({ userTag: caller.tag, ...less(countsOf(caller), uncounted) })).sort(byTag)
  t.same(found.sort(byTag), expected, `${what}: each of ${callers.length} sessions to the byte`)

  if ('unheard' in witness) {
    t.comment(`${what}: coturn's own totals were not heard: ${witness.unheard}`)
  } else {
    await until('coturn has said all totals', () => callers.every(({ tag }) => witness.totals.has(tag))).catch(() => {})
    const said = callers.flatMap(({ tag }) => (witness.totals.get(tag) ?? []).map(total => ({ userTag: tag, ...total })))
    t.same(said.sort(byTag), expected, `${what}: coturn's own totals say the same`)
  }

  const { sessions: count, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut } = await appUsage(stack, app)
  t.same({ count, lostSessions, packetsIn, bytesIn, packetsOut, bytesOut }, { count: callers.length, lostSessions: 0, ...sum(callers.map(caller => less(countsOf(caller), uncounted))) }, `${what}: the sums of the app`)
}

const byTag = (a: { userTag: string }, b: { userTag: string }): number => a.userTag < b.userTag ? -1 : 1
