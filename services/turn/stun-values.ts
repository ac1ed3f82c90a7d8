import { isIPv4, isIPv6 } from 'node:net'
import { MAGIC_COOKIE, STUN_HEADER_BYTES, paddingOf } from './stun-message.ts'

export interface TransportAddress { address: string, port: number }

const FAMILY_IPV4 = 0x01
const FAMILY_IPV6 = 0x02
/** Channel number and length (RFC 8656 section 12.4). */
export const CHANNEL_HEADER_BYTES = 4

/** An IPv6 address in its shortest form; the URL parser of Node already knows how. */
function canonicalIpv6 (address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

function ipv6Bytes (address: string): Buffer {
  const [head = '', tail] = canonicalIpv6(address).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** XORs with the magic cookie, then the transaction id (RFC 8489 section 14.2). */
function xorAddress (bytes: Buffer, transactionId: Buffer): Buffer {
  const mask = Buffer.alloc(16)
  mask.writeUInt32BE(MAGIC_COOKIE)
  transactionId.copy(mask, 4)
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)))
}

/** The value of an XOR-...-ADDRESS attribute (RFC 8489 section 14.2, RFC 8656 section 18.3). Throws RangeError if `address` is no IP address. */
export function encodeXorAddress ({ address, port }: TransportAddress, transactionId: Buffer): Buffer {
  if (!isIPv4(address) && !isIPv6(address)) throw new RangeError(`not an IP address: ${address}`)
  const head = Buffer.alloc(4)
  head.writeUInt8(isIPv4(address) ? FAMILY_IPV4 : FAMILY_IPV6, 1)
  head.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2)
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address)
  return Buffer.concat([head, xorAddress(bytes, transactionId)])
}

/** The reverse of `encodeXorAddress`; undefined for a malformed value. */
export function decodeXorAddress (value: Buffer | undefined, transactionId: Buffer): TransportAddress | undefined {
  if (value === undefined || value.length < 8) return undefined
  const family = value.readUInt8(1)
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16)
  const bytes = xorAddress(value.subarray(4), transactionId)
  if (family === FAMILY_IPV4 && bytes.length === 4) return { address: bytes.join('.'), port }
  if (family !== FAMILY_IPV6 || bytes.length !== 16) return undefined
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return { address: canonicalIpv6(groups.join(':')), port }
}

/** A 32 bit number, such as LIFETIME in seconds (RFC 8656 section 18.2). */
export function encodeUint32 (number: number): Buffer {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(number)
  return value
}

export function decodeUint32 (value: Buffer | undefined): number | undefined {
  return value?.length === 4 ? value.readUInt32BE(0) : undefined
}

/** ERROR-CODE: hundreds and the rest in two bytes, then the reason, which may be empty (RFC 8489 section 14.8). */
export function decodeErrorCode (value: Buffer | undefined): { code: number, reason: string } | undefined {
  if (value === undefined || value.length < 4) return undefined
  return { code: (value.readUInt8(2) & 7) * 100 + value.readUInt8(3), reason: value.toString('utf8', 4) }
}

/** A ChannelData message (RFC 8656 section 12.4), padded to four bytes when it goes over a stream (section 12.5). */
export function encodeChannelData (channel: number, payload: Buffer, padded: boolean): Buffer {
  if (payload.length > 0xffff) throw new RangeError(`payload of ${payload.length} bytes, 65535 is the most`)
  const bytes = Buffer.alloc(CHANNEL_HEADER_BYTES + payload.length + (padded ? paddingOf(payload.length) : 0))
  bytes.writeUInt16BE(channel, 0)
  bytes.writeUInt16BE(payload.length, 2)
  payload.copy(bytes, CHANNEL_HEADER_BYTES)
  return bytes
}

/** Reads one ChannelData message, padded or not; undefined if it is none. Never throws. The payload is a view of `bytes`. */
export function decodeChannelData (bytes: Buffer): { channel: number, payload: Buffer } | undefined {
  if (bytes.length < CHANNEL_HEADER_BYTES || bytes.readUInt8(0) >> 6 !== 1) return undefined
  const end = CHANNEL_HEADER_BYTES + bytes.readUInt16BE(2)
  if (end > bytes.length) return undefined
  return { channel: bytes.readUInt16BE(0), payload: bytes.subarray(CHANNEL_HEADER_BYTES, end) }
}

/**
 * Length in bytes, padding included, of the message at the start of a TCP stream: a STUN message by the length in its
 * header, ChannelData padded to four (RFC 8656 section 12.5). Undefined while too few bytes are there to tell;
 * 'garbage' if neither kind starts like this, so that the stream cannot be read any further.
 */
export function streamMessageLength (bytes: Buffer): number | undefined | 'garbage' {
  if (bytes.length < CHANNEL_HEADER_BYTES) return undefined
  const kind = bytes.readUInt8(0) >> 6
  const length = bytes.readUInt16BE(2)
  if (kind === 1) return CHANNEL_HEADER_BYTES + length + paddingOf(length)
  return kind === 0 && paddingOf(length) === 0 ? STUN_HEADER_BYTES + length : 'garbage'
}
