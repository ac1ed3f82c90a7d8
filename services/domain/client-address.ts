import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/**
 * What of a client's address counts as one client: an IPv4 address (also one mapped into IPv6), or the /64 that a
 * subscriber is given of IPv6 (RFC 6177).
 */
export function addressGroup (address: string): string {
  const [bare = ''] = address.split('%')
  const mapped = /^(?:0*:)*:?(?:ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [head = '', tail] = bare.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const written = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  const groups = written.map(group => group.replace(/^0+(?=.)/, ''))
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return groups.slice(6).flatMap(dotted).join('.')
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** The two numbers of an IPv4 address that one group of an IPv6 address holds. */
const dotted = (group: string): number[] => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]

/** The group under a key, 96 bits of it: what a limit is named after outside the process that saw the address. */
export const addressTag = (key: KeyObject, address: string): string =>
  createHmac('sha256', key).update(addressGroup(address)).digest('hex').slice(0, 24)
