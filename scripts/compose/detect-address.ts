import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { askStun } from './ask-stun.ts'
import { OperatorError } from '../native/operator-error.ts'
import type { Environment } from '../native/settings.ts'

/** Any address of the internet: a UDP socket that is connected to it has the address the machine would use, and sends nothing. */
const SOMEWHERE = { host: '198.51.100.1', port: 9 }

export interface RelayAddress {
  relayIp: string
  /** where clients reach it, if not there */
  externalIp?: string
  /** what was assumed, in a sentence */
  assumed?: string
}

/**
 * Where the relay of this machine listens, and where clients find it. What is set is taken as it is; the rest is found out.
 * @throws OperatorError where the machine has no such address, or none at all
 */
export async function detectAddress (environment: Environment): Promise<RelayAddress> {
  const { SPILLWAY_NODE_RELAY_IP: relayIp, SPILLWAY_NODE_EXTERNAL_IP: externalIp } = environment
  if (relayIp) {
    if (!isOwn(relayIp)) throw new OperatorError(`up: ${relayIp} is not an address of this machine: correct --bind, or SPILLWAY_NODE_RELAY_IP in .env or the environment; without it up finds one itself`, 2)
    return { relayIp, ...externalIp ? { externalIp } : {} }
  }
  const found = await routedAddress()
  if (found === undefined) throw new OperatorError('up: this machine has no way out, so no public address: say SPILLWAY_NODE_RELAY_IP=<address clients reach>', 2)
  if (externalIp) return { relayIp: found, externalIp, assumed: `the relay listens on ${found}, and clients reach it at ${externalIp}` }
  if (!isPrivate(found)) return { relayIp: found, assumed: `${found} is the public address` }
  const seen = await askStun(environment.SPILLWAY_STUN_URLS)
  if (seen !== undefined && seen !== found) return { relayIp: found, externalIp: seen, assumed: `${seen} is the public address, passed on to ${found} by a 1:1 NAT` }
  return { relayIp: found, assumed: `clients reach ${found}, a private address, and no STUN server says otherwise; SPILLWAY_NODE_EXTERNAL_IP names a public one before it` }
}

async function routedAddress (): Promise<string | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.connect(SOMEWHERE.port, SOMEWHERE.host)
    await once(socket, 'connect')
    const { address } = socket.address()
    return isIPv4(address) && !address.startsWith('127.') && address !== '0.0.0.0' ? address : undefined
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

/** All of 127.0.0.0/8 is this machine's, though it lists one address of it. */
const isOwn = (address: string): boolean =>
  address.startsWith('127.') || Object.values(networkInterfaces()).flat().some(own => own?.address === address)

/** RFC 1918 and RFC 6598. */
export function isPrivate (address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number)
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
}
