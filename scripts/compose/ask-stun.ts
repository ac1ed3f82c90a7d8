import { TurnClient } from '../../services/turn/turn-client.ts'
import { parseServerUrl } from '../../services/turn/turn-url.ts'

/** As the provider stun has it (services/control-plane/config.ts). */
const PUBLIC_SERVERS = 'stun:stun.l.google.com:19302,stun:stun1.l.google.com:19302'
/** A server answers within a round trip; a network without any shall not be waited for long. */
const ANSWER_MS = 1_500

/** This machine's address as the first of these STUN servers that answers sees it; undefined where none does. */
export async function askStun (urls = PUBLIC_SERVERS): Promise<string | undefined> {
  const asked = urls.split(',').map(url => parseServerUrl(url.trim())).filter(url => url !== undefined && url.transport === 'udp')
  return await Promise.any(asked.map(async url => await askOne(url!.host, url!.port))).catch(() => undefined)
}

async function askOne (host: string, port: number): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const client = await TurnClient.connect({ host, port, transport: 'udp', username: '', password: '', requestTimeoutMs: ANSWER_MS, signal })
  try {
    return (await client.binding()).address
  } finally {
    await client.close()
  }
}
