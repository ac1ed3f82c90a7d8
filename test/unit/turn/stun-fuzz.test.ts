/**
 * Whatever arrives, the parser answers a message or undefined: it never throws, never hangs, and what it hands on lies
 * within what arrived.
 */
import fc from 'fast-check'
import t from 'tap'
import { AttributeType, Method, decodeStun, encodeStun, paddingOf, type StunAttribute } from '../../../services/turn/stun-message.ts'
import { cutMessages } from '../../../services/turn/stream-messages.ts'
import { decodeChannelData, decodeErrorCode, decodeUint32, decodeXorAddress, encodeChannelData, encodeXorAddress } from '../../../services/turn/stun-values.ts'

const HEADER_BYTES = 20
const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map(array => Buffer.from(array))
const transactionId = bytes({ minLength: 12, maxLength: 12 })
const key = Buffer.from('key')

/** A message such as a relay sends, signed and with a fingerprint or not. */
const message = fc.record({
  id: transactionId,
  others: fc.array(fc.record({ type: fc.integer({ min: 0x8000, max: 0x8021 }), value: bytes({ maxLength: 40 }) }), { maxLength: 4 }),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.nat(0xffff),
  signed: fc.boolean(),
  fingerprint: fc.boolean()
}).map(({ id, others, address, port, signed, fingerprint }) => {
  const attributes: StunAttribute[] = [
    { type: AttributeType.xorRelayedAddress, value: encodeXorAddress({ address, port }, id) },
    { type: AttributeType.errorCode, value: Buffer.from('\0\0\x04\x01Unauthorized', 'latin1') },
    ...others
  ]
  return encodeStun({ messageClass: 'success', method: Method.allocate, transactionId: id, attributes }, signed ? { key, fingerprint } : { fingerprint })
})

/** Reads all that can be read of it, and sees that every value is a piece of the input. */
function readAll (input: Buffer): boolean {
  decodeChannelData(input)
  const decoded = decodeStun(input)
  if (decoded === undefined) return true
  decoded.verify(key)
  for (const { value } of decoded.attributes) {
    decodeXorAddress(value, decoded.transactionId)
    decodeErrorCode(value)
    decodeUint32(value)
    const begin = value.byteOffset - input.byteOffset
    if (value.buffer !== input.buffer || begin < HEADER_BYTES || begin + value.length > input.length) return false
  }
  return true
}

/** Where the attributes of a well-formed message begin. */
function attributesOf (input: Buffer): number[] {
  const found: number[] = []
  for (let offset = HEADER_BYTES; offset < input.length;) {
    found.push(offset)
    const length = input.readUInt16BE(offset + 2)
    offset += 4 + length + paddingOf(length)
  }
  return found
}

t.test('random bytes, and valid messages with bytes changed', async t => {
  const mutated = fc.tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })).map(([input, changes]) => {
    for (const [index, byte] of changes) input.writeUInt8(byte, index % input.length)
    return input
  })
  fc.assert(fc.property(fc.oneof(bytes({ maxLength: 600 }), mutated), readAll), { numRuns: 5000 })
  t.pass()
})

t.test('cut off at each byte, it is no message; and a byte more is none either', async t => {
  fc.assert(fc.property(message, input => {
    for (let end = 0; end < input.length; end++) {
      const cut = input.subarray(0, end)
      if (!readAll(cut) || decodeStun(cut) !== undefined) return false
      // with a length that owns up to the cut, it is read as far as it goes
      if (end < HEADER_BYTES) continue
      const honest = Buffer.from(cut)
      honest.writeUInt16BE(end - HEADER_BYTES, 2)
      if (!readAll(honest)) return false
    }
    return decodeStun(input) !== undefined && decodeStun(Buffer.concat([input, Buffer.alloc(1)])) === undefined
  }), { numRuns: 300 })
  t.pass()
})

t.test('an attribute that lies about its length', async t => {
  fc.assert(fc.property(message, fc.nat(), fc.nat(0xffff), (input, which, lie) => {
    const places = attributesOf(input)
    const place = places[which % places.length] ?? HEADER_BYTES
    input.writeUInt16BE(lie, place + 2)
    const reaches = place + 4 + lie + paddingOf(lie)
    return readAll(input) && (reaches <= input.length || decodeStun(input) === undefined)
  }), { numRuns: 3000 })
  t.pass()
})

const piece = fc.oneof(
  message,
  fc.record({ channel: fc.integer({ min: 0x4000, max: 0x4fff }), payload: bytes({ maxLength: 60 }) }).map(({ channel, payload }) => encodeChannelData(channel, payload, true))
)

t.test('a stream cut anywhere gives the messages that went in', async t => {
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), fc.array(fc.nat()), (pieces, cuts) => {
    const stream = Buffer.concat(pieces)
    const places = [0, ...cuts.map(cut => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
    const came: Buffer[] = []
    const cut = cutMessages(each => { came.push(each) })
    for (let index = 1; index < places.length; index++) {
      if (cut(stream.subarray(places[index - 1], places[index])) === 'garbage') return false
    }
    return came.length === pieces.length && came.every((each, index) => each.equals(pieces[index] ?? Buffer.alloc(0)))
  }), { numRuns: 2000 })
  t.pass()
})

t.test('a stream of anything ends in messages or in garbage, and hands on no byte twice', async t => {
  fc.assert(fc.property(fc.array(fc.oneof(bytes({ maxLength: 80 }), message), { maxLength: 10 }), chunks => {
    let handedOn = 0
    let arrived = 0
    const cut = cutMessages(each => {
      handedOn += each.length
      readAll(each)
    })
    for (const chunk of chunks) {
      arrived += chunk.length
      if (cut(chunk) === 'garbage') break
    }
    return handedOn <= arrived
  }), { numRuns: 3000 })
  t.pass()
})
