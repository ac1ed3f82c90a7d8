import { randomUUID } from 'node:crypto'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { call } from '../native/admin-api.ts'

export interface Reply { provider: string, iceServers: IceServer[] }

/** One credential of an app, for a user nobody has heard of. @throws where there is none */
export async function askCredential (api: string, { key, region }: { key: string, region?: string }, room: string): Promise<Reply> {
  const { status, body } = await call('POST', `${api}/v1/credentials`, key, { user: randomUUID(), room, ...region === undefined ? {} : { region } })
  if (status !== 201) throw new Error(`POST /v1/credentials answered ${status}: ${String(body.detail)}`)
  return body as unknown as Reply
}
