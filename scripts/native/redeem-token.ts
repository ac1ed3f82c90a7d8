import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { call } from './admin-api.ts'
import { OperatorError } from './operator-error.ts'

/** As POST /v1/join answers. */
export interface JoinAnswer {
  node: string
  region: string | null
  domain: string
  key: string
  redisUrl: string
  redisCa: string | null
}

/** @param addresses of the relay. @throws OperatorError where the centre lets nobody in with this token, in its words */
export async function redeemToken (central: string, token: string, addresses: readonly string[]): Promise<JoinAnswer> {
  const { status, body } = await call('POST', `${central}/v1/join`, token, { addresses })
  if (status !== 201) throw new OperatorError(`join: ${central} answered ${status} ${String(body.code ?? '')}: ${String(body.detail ?? '')}`)
  return body as unknown as JoinAnswer
}

/** The answer holds the keys of the node: nobody on the way may read it. @throws OperatorError */
export function checkCentral (text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const onLoopback = url !== undefined && /^(127\.|localhost$|\[::1\]$)/.test(url.hostname)
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && onLoopback))) {
    throw new OperatorError(`join: --central takes the public API as https://host, or http:// on this machine, not ${text}`, 2)
  }
  return text.replace(/\/+$/, '')
}

/** The address of this machine that packets to that host leave from; connecting a UDP socket asks the kernel and sends nothing. */
export async function findOwnAddress (central: string): Promise<string> {
  const { hostname, port } = new URL(central)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  try {
    const connected = once(socket, 'connect')
    socket.connect(Number(port) || 443, host)
    await connected
    return socket.address().address
  } catch (error) {
    throw new OperatorError(`join: no way to ${host}: ${(error as Error).message}`)
  } finally {
    socket.close()
  }
}
