import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The fixed second word of every STUN header (RFC 8489 section 5). */
export const MAGIC_COOKIE = 0x2112a442
export const STUN_HEADER_BYTES = 20
export const TRANSACTION_ID_BYTES = 12

/** FINGERPRINT is the CRC-32 XOR this value, the text "STUN" (RFC 8489 section 14.7). */
const FINGERPRINT_XOR = 0x5354554e
const INTEGRITY_BYTES = 20
const FINGERPRINT_BYTES = 4
const ATTRIBUTE_HEADER_BYTES = 4

/** Method numbers: RFC 8489 section 18.2 and RFC 8656 section 17. */
export const Method = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009
} as const

/** Attribute types: RFC 8489 section 18.3 and RFC 8656 section 18. */
export const AttributeType = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedAddressFamily: 0x0017,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  software: 0x8022,
  fingerprint: 0x8028
} as const

/** In the order of the two class bits (RFC 8489 section 5). */
const CLASSES = ['request', 'indication', 'success', 'error'] as const
export type MessageClass = typeof CLASSES[number]

export interface StunAttribute { type: number, value: Buffer }

export interface StunMessage {
  messageClass: MessageClass
  /** 0 to 0xfff. */
  method: number
  /** 12 bytes. */
  transactionId: Buffer
  /** Without MESSAGE-INTEGRITY and FINGERPRINT, which `encodeStun` adds and `decodeStun` checks. */
  attributes: StunAttribute[]
}

export interface DecodedStun extends StunMessage {
  /** True if MESSAGE-INTEGRITY is present and was made with `key`; false if absent, or wrong. */
  verify: (key: Buffer | string) => boolean
}

/** Bytes of padding that bring `length` to a multiple of four. */
export function paddingOf (length: number): number {
  return (4 - (length & 3)) & 3
}

/** Long-term credential key: MD5 of username:realm:password (RFC 8489 section 9.2.2). The caller applies OpaqueString, if need be. */
export function longTermKey (username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest()
}

/** The method and class bits are interleaved (RFC 8489 section 5, figure 3). */
function encodeType (method: number, messageClass: MessageClass): number {
  const bits = CLASSES.indexOf(messageClass)
  return (method & 0xf80) << 2 | (method & 0x70) << 1 | (method & 0xf) | (bits & 2) << 7 | (bits & 1) << 4
}

function encodeAttribute ({ type, value }: StunAttribute): Buffer {
  if (value.length > 0xffff) throw new RangeError(`attribute value of ${value.length} bytes, 65535 is the most`)
  const bytes = Buffer.alloc(ATTRIBUTE_HEADER_BYTES + value.length + paddingOf(value.length))
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, ATTRIBUTE_HEADER_BYTES)
  return bytes
}

/** `message`, cut after its last attribute, with the header's length set as if `more` bytes of attributes followed. */
function withLength (message: Buffer, more: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(message.length - STUN_HEADER_BYTES + more, 2)
  return copy
}

/** HMAC-SHA1 over all that comes before, the length counting MESSAGE-INTEGRITY itself (RFC 8489 section 14.5). */
function integrityOf (before: Buffer, key: Buffer | string): Buffer {
  const covered = withLength(before, ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES)
  return createHmac('sha1', key).update(covered).digest()
}

/** CRC-32 over all that comes before, the length counting FINGERPRINT itself (RFC 8489 section 14.7). */
function fingerprintOf (before: Buffer): Buffer {
  const value = Buffer.alloc(FINGERPRINT_BYTES)
  value.writeUInt32BE((crc32(withLength(before, ATTRIBUTE_HEADER_BYTES + FINGERPRINT_BYTES)) ^ FINGERPRINT_XOR) >>> 0)
  return value
}

/**
 * A STUN message as bytes, with MESSAGE-INTEGRITY when `key` is given and FINGERPRINT on wish.
 * Throws RangeError for a transaction id that is not 12 bytes or a message that does not fit the length field.
 */
export function encodeStun (message: StunMessage, options: { key?: Buffer | string, fingerprint?: boolean } = {}): Buffer {
  if (message.transactionId.length !== TRANSACTION_ID_BYTES) throw new RangeError('a transaction id has 12 bytes')
  const header = Buffer.alloc(STUN_HEADER_BYTES)
  header.writeUInt16BE(encodeType(message.method, message.messageClass), 0)
  header.writeUInt32BE(MAGIC_COOKIE, 4)
  message.transactionId.copy(header, 8)
  let bytes = Buffer.concat([header, ...message.attributes.map(encodeAttribute)])
  if (bytes.length > 0xff00) throw new RangeError(`message of ${bytes.length} bytes is too long`)
  if (options.key !== undefined) {
    const integrity = { type: AttributeType.messageIntegrity, value: integrityOf(bytes, options.key) }
    bytes = Buffer.concat([bytes, encodeAttribute(integrity)])
  }
  if (options.fingerprint === true) {
    const fingerprint = { type: AttributeType.fingerprint, value: fingerprintOf(bytes) }
    bytes = Buffer.concat([bytes, encodeAttribute(fingerprint)])
  }
  return withLength(bytes, 0)
}

function hasStunHeader (bytes: Buffer): boolean {
  return bytes.length >= STUN_HEADER_BYTES && bytes.readUInt8(0) < 0x40 &&
    bytes.readUInt32BE(4) === MAGIC_COOKIE && bytes.readUInt16BE(2) === bytes.length - STUN_HEADER_BYTES
}

interface LocatedAttribute extends StunAttribute { offset: number }

function readAttributes (bytes: Buffer): LocatedAttribute[] | undefined {
  const found: LocatedAttribute[] = []
  let offset = STUN_HEADER_BYTES
  while (offset < bytes.length) {
    if (offset + ATTRIBUTE_HEADER_BYTES > bytes.length) return undefined
    const length = bytes.readUInt16BE(offset + 2)
    const start = offset + ATTRIBUTE_HEADER_BYTES
    const end = start + length + paddingOf(length)
    if (end > bytes.length) return undefined
    found.push({ type: bytes.readUInt16BE(offset), value: bytes.subarray(start, start + length), offset })
    offset = end
  }
  return found
}

/**
 * Reads one whole STUN message. Never throws: undefined for anything malformed, of another length than it says, or
 * with a wrong FINGERPRINT. What follows MESSAGE-INTEGRITY is not covered by it and left out (RFC 8489 section 14.5).
 * The attribute values are views of `bytes`.
 */
export function decodeStun (bytes: Buffer): DecodedStun | undefined {
  if (!hasStunHeader(bytes)) return undefined
  const all = readAttributes(bytes)
  if (all === undefined) return undefined
  const fingerprint = all.find(({ type }) => type === AttributeType.fingerprint)
  if (fingerprint !== undefined && !fingerprint.value.equals(fingerprintOf(bytes.subarray(0, fingerprint.offset)))) return undefined
  const integrity = all.find(({ type }) => type === AttributeType.messageIntegrity)
  const end = Math.min(integrity?.offset ?? bytes.length, fingerprint?.offset ?? bytes.length)
  const type = bytes.readUInt16BE(0)
  return {
    messageClass: CLASSES[(type >> 7 & 2) | (type >> 4 & 1)] ?? 'request',
    method: (type >> 2 & 0xf80) | (type >> 1 & 0x70) | (type & 0xf),
    transactionId: bytes.subarray(8, STUN_HEADER_BYTES),
    attributes: all.filter(({ offset }) => offset < end).map(({ type, value }) => ({ type, value })),
    verify: (key) => integrity !== undefined && integrity.value.length === INTEGRITY_BYTES &&
      timingSafeEqual(integrity.value, integrityOf(bytes.subarray(0, integrity.offset), key))
  }
}

/** The first attribute of a type: later ones are to be ignored (RFC 8489 section 14). */
export function attributeOf (message: StunMessage, type: number): Buffer | undefined {
  return message.attributes.find((attribute) => attribute.type === type)?.value
}
