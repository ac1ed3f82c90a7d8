import { TurnClient } from '../../services/turn/turn-client.ts'

/** Whether a relay answers over UDP: the last that coturn begins to listen on, well behind TCP. */
export async function relayAnswers (host: string, port: number): Promise<boolean> {
  const client = await TurnClient.connect({ host, port, transport: 'udp', username: '', password: '', requestTimeoutMs: 300 })
  return await client.binding().then(() => true, () => false).finally(async () => { await client.close() })
}
