import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { TurnClient } from '../services/turn/turn-client.ts'
import { exchange } from '../services/turn/turn-exchange.ts'
import { parseIceServers, pickTurnServer } from '../services/turn/turn-url.ts'

/** A call a few seconds long, then the next: something to look at in the dashboards. */
const PACKETS = 1_000
const PAYLOAD_BYTES = 1_000
const PAUSE_MS = 2_000

const { SPILLWAY_API_URL: api = 'http://127.0.0.1:8080', SPILLWAY_DEMO_KEY_FILE: keyFile = '.spillway/demo-key' } = process.env
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { stopping.abort() })

async function callOnce (user: number): Promise<string> {
  const answer = await fetch(`${api}/v1/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readFileSync(keyFile, 'utf8').trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user: `demo-${user}` }),
    signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(5_000)])
  })
  const server = pickTurnServer(parseIceServers(await answer.text()) ?? [], 'udp')
  if (server === undefined) return `status ${answer.status}, no relay`
  const clients: TurnClient[] = []
  try {
    for (let side = 0; side < 2; side += 1) clients.push(await TurnClient.connect(server))
    const [a, b] = clients as [TurnClient, TurnClient]
    const { arrivedBytes } = await exchange({ a, b, packets: PACKETS, payloadBytes: PAYLOAD_BYTES, signal: stopping.signal })
    return `relayed ${arrivedBytes} bytes`
  } finally {
    await Promise.allSettled(clients.map(async client => { await client.release() }))
    await Promise.all(clients.map(async client => { await client.close() }))
  }
}

for (let user = 1; !stopping.signal.aborted; user = user % 20 + 1) {
  const told = await callOnce(user).catch((error: Error) => `no call: ${error.message}`)
  process.stdout.write(`demo-${user}: ${told}\n`)
  await delay(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {})
}
