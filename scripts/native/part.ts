import type { Address } from './settings.ts'

export interface PortUse extends Address {
  protocol: 'tcp' | 'udp'
  /** the setting that moves it */
  variable: string
}

/** How a part shows that it can do its work: 200 on a URL, PONG to whoever knows the password, or an open port. */
export type Probe =
  | { kind: 'http', url: string }
  | { kind: 'redis', address: Address, user: string, passwordFile: string }
  | { kind: 'tcp', address: Address }

/** One process of ours. */
export interface Part {
  /** also the name of its pid and log file */
  name: string
  command: string[]
  environment: Record<string, string>
  ports: PortUse[]
  probe: Probe
  /** set for coturn: where its supervisor keeps turnserver.pid */
  coturnRun?: string
}

/** An address that can be connected to, where one can be listened on. */
export function reachable ({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port }
}

export function urlOf (address: Address): string {
  const { host, port } = reachable(address)
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export const tcp = (address: Address, variable: string): PortUse => ({ ...address, protocol: 'tcp', variable })
export const udp = (address: Address, variable: string): PortUse => ({ ...address, protocol: 'udp', variable })
