import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { isProbe } from '../domain/turn-credential.ts'

/** Live sessions that are somebody's: probes come and go, and end with the node. */
export function countSessions (live: Iterable<{ username: string }>): number {
  let count = 0
  for (const { username } of live) if (!isProbe(username)) count += 1
  return count
}

/** Bytes sent by the interface that carries an address, since boot (proc(5), /proc/net/dev); undefined where unknown. */
export function readTransmittedBytes (address: string): number | undefined {
  const name = interfaceOf(address)
  if (name === undefined) return undefined
  try {
    for (const line of readFileSync('/proc/net/dev', 'utf8').split('\n')) {
      const [device, counters] = line.split(':')
      if (counters === undefined || device?.trim() !== name) continue
      return Number(counters.trim().split(/\s+/)[8])
    }
  } catch {}
  return undefined
}

/** The whole of 127.0.0.0/8 is on the loopback interface, though it lists one address only. */
function interfaceOf (address: string): string | undefined {
  const wanted = address.startsWith('127.') ? '127.0.0.1' : address
  return Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some(entry => entry.address === wanted))?.[0]
}

/** Turns readings of a growing counter into bits per second; null before the second reading or after a reset. */
export function createRateMeter () {
  let last: { atMs: number, bytes: number } | undefined
  return (bytes: number | undefined, atMs: number): number | null => {
    const before = last
    last = bytes === undefined ? undefined : { atMs, bytes }
    if (bytes === undefined || !before || bytes < before.bytes || atMs <= before.atMs) return null
    return Math.round((bytes - before.bytes) * 8000 / (atMs - before.atMs))
  }
}
