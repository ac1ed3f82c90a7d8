import { join } from 'node:path'
import type { Address } from './settings.ts'

export interface PortUse extends Address {
  protocol: 'tcp' | 'udp'
  /** the setting that moves it */
  variable: string
}

/** @param caFile set where it speaks TLS */
export interface RedisProbe { kind: 'redis', address: Address, user: string, passwordFile: string, caFile?: string | undefined }

/** How a part shows that it can do its work: 200 on a URL, PONG to whoever knows the password, or an open port. */
export type Probe =
  | { kind: 'http', url: string }
  | RedisProbe
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

/**
 * What Node is told to do otherwise, in the process that is asked a thousand times a second. Node's own code on pages of 2 MB,
 * where the kernel has them, takes a twelfth off the CPU time of a credential. Of 4 to 64 MB for what is new 32 gave the shortest
 * waits: without a word V8 takes 64 of a large machine, and of a container of 512 MB one, which it then clears all the time.
 */
export const nodeFlags = (name: string): string[] => name === 'control-plane' ? ['--use-largepages=silent', '--max-semi-space-size=32'] : []

/** How a process of ours is started, here and in docker-compose.yml: what Node is given. */
export const nodeArguments = (name: string): string[] => [...nodeFlags(name), `services/${name}/main.ts`]

export const service = (name: string, repository: string): string[] =>
  [join(repository, 'node_modules/.bin/node'), ...nodeArguments(name)]

/** The caller's settings with our own over them; where we set NAME_FILE the caller's NAME goes too, and the other way round. */
export function withOwn (callersOwn: Record<string, string>, wanted: RegExp, own: Record<string, string>): Record<string, string> {
  const names = new Set(Object.keys(own).map((name) => name.replace(/_FILE$/, '')))
  const rest = Object.entries(callersOwn).filter(([name]) => wanted.test(name) && !names.has(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(rest), ...own }
}
