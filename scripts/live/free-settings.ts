import { randomInt } from 'node:crypto'
import { tryToListen } from '../native/ports.ts'

/** Below what Linux gives to whoever asks for any port, above what services are known by; a block for each stack. */
const FIRST_PORT = 25_000
const LAST_PORT = 31_900
const BLOCK = 100
const TRIES = 50
/** Networks of loopback that neither up nor the tests put nodes in. */
const NETWORKS = [130, 250] as const

/** Where each setting lies in a block; of what every node has one of, the first node's: there is room for ten nodes. */
const OFFSETS = {
  SPILLWAY_CONTROL_PLANE_PORT: 0,
  SPILLWAY_CONTROL_PLANE_OPS_PORT: 1,
  SPILLWAY_LEDGER_OPS_PORT: 2,
  SPILLWAY_PROBER_OPS_PORT: 3,
  SPILLWAY_FAKE_CLOUDFLARE_PORT: 4,
  SPILLWAY_FAKE_TWILIO_PORT: 5,
  SPILLWAY_CENTRAL_REDIS_PORT: 6,
  SPILLWAY_COTURN_PORT: 7,
  SPILLWAY_RELAY_AGENT_OPS_PORT: 20,
  SPILLWAY_NODE_REDIS_PORT: 40,
  SPILLWAY_COTURN_CLI_PORT: 60
}
const PROMETHEUS_OFFSET = 10

export interface FreeSettings {
  /** as ./scripts/up takes them */
  environment: Record<string, string>
  prometheusPort: number
}

/** Ports nobody listens on and a network of their own, so that a stack that runs already is not in the way. @throws where there are none */
export async function findFreeSettings (nodes: number): Promise<FreeSettings> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const base = randomInt(FIRST_PORT / BLOCK, LAST_PORT / BLOCK) * BLOCK
    const ports = Object.values(OFFSETS).flatMap((offset) => offset < 20 ? [offset] : Array.from({ length: nodes }, (_, index) => offset + index))
    const taken = await Promise.all([...ports, PROMETHEUS_OFFSET].map(async (offset) => await tryToListen({ host: '127.0.0.1', port: base + offset, protocol: 'tcp' })))
    if (taken.some(Boolean)) continue
    const environment = Object.fromEntries(Object.entries(OFFSETS).map(([name, offset]) => [name, String(base + offset)]))
    return { environment: { ...environment, SPILLWAY_NODE_NETWORK: `127.0.${randomInt(...NETWORKS)}` }, prometheusPort: base + PROMETHEUS_OFFSET }
  }
  throw new Error(`no ${BLOCK} free ports in a row were found between ${FIRST_PORT} and ${LAST_PORT}`)
}
