import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** The kernel's own default (net/core/sock.c); less was set by hand. */
const USUAL_BUFFER_BYTES = 212_992
/** Of datagrams that came, those dropped because a buffer was full: one in ten thousand can be heard. */
const DROPPED_SHARE = 1e-4
/** coturn has two sockets a relayed allocation, and says at its start that it takes half of its limit for sessions. */
const FILES_AN_ALLOCATION = 2
const FILES_BESIDE = 200

/** UDP buffers of the kernel, and whether they ever were too small since the machine was started. */
export function checkUdpBuffers (): Finding[] {
  const bytes = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'))
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8').split('\n').filter(line => line.startsWith('Udp:')).map(line => line.split(' '))
  const counter = (name: string): number => Number(values?.[names?.indexOf(name) ?? -1] ?? 0)
  const [came, dropped] = [counter('InDatagrams'), counter('RcvbufErrors')]
  const enlarge = 'sysctl -w net.core.rmem_max=4194304 net.core.rmem_default=1048576, and the same in /etc/sysctl.d'
  if (bytes < USUAL_BUFFER_BYTES) return [warn('udp-buffers', `net.core.rmem_max is ${bytes} bytes, less than the kernel's default`, enlarge)]
  if (dropped > came * DROPPED_SHARE) return [warn('udp-buffers', `${dropped} of ${came + dropped} datagrams were dropped because a buffer was full, since the machine was started`, enlarge)]
  return [ok('udp-buffers', `net.core.rmem_max is ${bytes} bytes, ${dropped} of ${came + dropped} datagrams were dropped`)]
}

/** @param limits /proc/<pid>/limits of coturn, or of what would start it */
export function checkFileLimit (node: string, limits: string, maxAllocations: number, raise: string): Finding[] {
  const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? NaN)
  const needed = maxAllocations * FILES_AN_ALLOCATION + FILES_BESIDE
  const check = `file-limit ${node}`
  return [limit >= needed || Number.isNaN(limit)
    ? ok(check, Number.isNaN(limit) ? 'no limit on open files' : `${limit} open files, ${needed} for ${maxAllocations} allocations`)
    : warn(check, `${limit} open files are allowed, and ${maxAllocations} allocations need ${needed}`, `raise it before ./scripts/up (${raise}), or lower SPILLWAY_NODE_MAX_ALLOCATIONS`)]
}

/**
 * What launch would say to it (notes there).
 * @param said by turnserver --version; undefined where there is none. @param isPublic whether a relay of it is reached from other machines
 */
export function checkCoturnVersion (said: string | undefined, isPublic: boolean): Finding[] {
  const version = /\d+\.\d+\.\d+/.exec(said ?? '')?.[0]
  if (version === undefined) return [fail('coturn-version', said === undefined ? 'turnserver is not installed' : 'turnserver --version says no version', 'apt-get install coturn, or another build of 4.17 or newer in the PATH')]
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOlder = (than: number): boolean => major < 4 || (major === 4 && minor < than)
  if (isOlder(13) && isPublic) return [fail('coturn-version', `coturn ${version} can be crashed by anyone who reaches it (GHSA-4g7c-p5wg-j4hp)`, 'install 4.17 or newer')]
  if (isOlder(17)) return [warn('coturn-version', `coturn ${version} has known flaws that 4.17.0 mended${isPublic ? '' : '; fine on loopback'}`, 'install 4.17 or newer before others reach it')]
  return [ok('coturn-version', `coturn ${version}`)]
}

const isPrivate = (address: string): boolean => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i.test(address)
export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/** @param externalIp the public address before a 1:1 NAT, where one is named */
export function checkAddress (node: string, relayIp: string, externalIp: string | undefined): Finding[] {
  const check = `address ${node}`
  if (isLoopback(relayIp)) return [ok(check, `${relayIp}, for clients on this machine only`)]
  const own = Object.values(networkInterfaces()).flatMap(list => list ?? []).some(({ address }) => address === relayIp)
  if (!own) return [fail(check, `${relayIp} is not an address of this machine`, 'set SPILLWAY_NODE_RELAY_IP to one that is (ip -brief address)')]
  if (externalIp !== undefined) return [ok(check, `${relayIp}, and ${externalIp} for clients`)]
  return [isPrivate(relayIp)
    ? warn(check, `${relayIp} is a private address: clients elsewhere cannot reach it`, 'behind a 1:1 NAT set SPILLWAY_NODE_EXTERNAL_IP; in a private network all is well')
    : ok(check, relayIp)]
}
