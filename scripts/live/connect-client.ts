import { TurnClient } from '../../services/turn/turn-client.ts'
import { pickTurnServer } from '../../services/turn/turn-url.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'

let addresses = 0
/**
 * A loopback address no client of this run had before. coturn answers 437 for a second after an allocation was released,
 * and counts that too, should the same port come again by chance.
 */
export function freshAddress (): string {
  addresses += 1
  return `127.${77 + (addresses >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}`
}

/**
 * Loopback loses nothing: a request that is sent again because the machine is busy is answered twice, and the second answer,
 * which may come when the socket is closed, would be counted by coturn alone.
 */
const RTO_MS = 4_000

/** A client with an address of its own at one entry of a reply; `localAddress` is for relays that no loopback address reaches. */
export async function connectClient (entry: IceServer, transport: 'udp' | 'tcp' = 'udp', localAddress = freshAddress()): Promise<TurnClient> {
  const server = pickTurnServer([entry], transport)
  if (!server) throw new Error(`no relay over ${transport} at ${String(entry.urls)}`)
  return await TurnClient.connect({ ...server, localAddress, rtoMs: RTO_MS })
}
