import { readFile } from 'node:fs/promises'

export interface Listener { protocol: 'tcp' | 'udp', address: string, port: number }

/** TCP_LISTEN, and the state of an unconnected UDP socket (net/tcp_states.h). */
const LISTENING = { tcp: '0A', udp: '07' }

/** Every socket of this network namespace that others can reach, IPv4 and IPv6; an address of IPv6 is told as `::`. */
export async function readListeners (): Promise<Listener[]> {
  const tables = await Promise.all((['tcp', 'udp'] as const).flatMap(protocol => [protocol, `${protocol}6`].map(async table =>
    (await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')).split('\n').slice(1).flatMap(line => read(protocol, line)))))
  return tables.flat()
}

function read (protocol: 'tcp' | 'udp', line: string): Listener[] {
  const [, local = '', , state] = line.trim().split(/\s+/)
  const [hex = '', port = ''] = local.split(':')
  if (state !== LISTENING[protocol]) return []
  // a 32-bit word of the address in the byte order of the machine
  const address = hex.length === 8 ? [...Buffer.from(hex, 'hex')].reverse().join('.') : '::'
  return [{ protocol, address, port: Number.parseInt(port, 16) }]
}
