import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { exchange } from '../../services/turn/turn-exchange.ts'
import { parseIceServers, pickTurnServer } from '../../services/turn/turn-url.ts'
import { call } from './admin-api.ts'
import { OperatorError } from './operator-error.ts'
import { readSecret, writePrivate } from './private-files.ts'
import type { AdminApi } from './admin-api.ts'
import type { NodeSettings } from './settings.ts'
import type { TurnServer } from '../../services/turn/turn-url.ts'

const APP = 'demo'
/**
 * A node speaks every 5 s, so a new relay is in use after two heartbeats at most; one of an earlier start that runs no
 * more is given up only after 15 s of silence.
 */
const FIRST_RELAY_MS = 25_000
/** Over loopback or a local network an answer takes milliseconds; a relay that is just starting is better asked anew. */
const TURN_ANSWER_MS = 2_000
/** A control plane knows a key after a second; one that is still refused then was revoked, or is of another Redis. */
const KEY_KNOWN_MS = 3_000
const RETRY_MS = 250
/** Enough to see that it is no accident, little enough to cost nothing: 100 packets of audio size each way. */
const PACKETS = 100
const PAYLOAD_BYTES = 160

export interface Proving {
  admin: AdminApi
  apiUrl: string
  keyFile: string
  nodes: ReadonlyArray<Pick<NodeSettings, 'id'>>
  signal: AbortSignal
}

/**
 * Does what an app and its clients do: asks for a credential with the demo key, then two clients talk through every one
 * of these nodes in the reply. Waits until all nodes are in use; makes the demo app and its key where they are missing.
 * Resolves with the payload bytes that arrived.
 * @throws OperatorError if that has not come about within 25 s
 */
export async function proveRelay ({ admin, apiUrl, keyFile, nodes, signal }: Proving): Promise<number> {
  await admin.ensureApp(APP, 'Demo')
  const renewKey = async (): Promise<string> => {
    const key = await admin.createKey(APP)
    writePrivate(keyFile, key)
    return key
  }
  let key = readSecret(keyFile) ?? await renewKey()
  let keyRenewed = false
  const start = performance.now()
  for (;;) {
    const unused = await admin.findUnused(nodes.map(({ id }) => id))
    // before that a credential could only come from somebody else, who may send a bill
    const { servers, problem, refused } = unused === undefined ? await askForServers(admin, apiUrl, key, nodes) : { servers: [], problem: unused, refused: false }
    let lacks = problem
    if (servers.length > 0) {
      try {
        return await exchangeOver(servers, signal)
      } catch (error) {
        lacks = (error as Error).message
      }
    }
    signal.throwIfAborted()
    const waitedMs = performance.now() - start
    if (refused && !keyRenewed && waitedMs > KEY_KNOWN_MS) {
      key = await renewKey()
      keyRenewed = true
    }
    if (waitedMs > FIRST_RELAY_MS) throw new OperatorError(`everything runs, but nothing could be relayed: ${lacks} (${join(dirname(keyFile), 'log')} may say why)`)
    await delay(RETRY_MS, undefined, { signal })
  }
}

/** Those of the nodes that a fresh credential names, or why there is none. */
async function askForServers (admin: AdminApi, apiUrl: string, key: string, nodes: ReadonlyArray<Pick<NodeSettings, 'id'>>): Promise<{ servers: TurnServer[], problem: string, refused: boolean }> {
  const { status, body } = await call('POST', `${apiUrl}/v1/credentials`, key, {})
  if (status !== 201) return { servers: [], problem: `POST /v1/credentials answered ${status}: ${String(body.detail ?? '')}`, refused: status === 401 }
  if (body.provider !== 'coturn') return { servers: [], problem: `credentials come from ${String(body.provider)}, not from a relay of our own`, refused: false }
  const ours = await admin.urlsOf(nodes.map(({ id }) => id))
  const entries = (parseIceServers(JSON.stringify(body)) ?? []).filter(({ urls }) => [urls].flat().some((url) => ours.includes(url)))
  const servers = entries.flatMap((entry) => pickTurnServer([entry], 'udp') ?? [])
  return { servers, problem: 'the reply has no turn: URL for udp of a node started here', refused: false }
}

async function exchangeOver (servers: readonly TurnServer[], signal: AbortSignal): Promise<number> {
  let bytes = 0
  for (const server of servers) {
    const clients: TurnClient[] = []
    const connect = async (): Promise<TurnClient> => {
      const client = await TurnClient.connect({ ...server, requestTimeoutMs: TURN_ANSWER_MS })
      clients.push(client)
      return client
    }
    try {
      const { arrivedBytes } = await exchange({ a: await connect(), b: await connect(), packets: PACKETS, payloadBytes: PAYLOAD_BYTES, signal })
      if (arrivedBytes === 0) throw new Error(`nothing arrived through ${server.host}:${server.port}`)
      bytes += arrivedBytes
    } finally {
      await Promise.allSettled(clients.filter(({ allocation }) => allocation !== undefined).map(async (client) => { await client.release() }))
      await Promise.all(clients.map(async (client) => { await client.close() }))
    }
  }
  return bytes
}
