import fc from 'fast-check'
import t from 'tap'
import { AttributeType, Method, attributeOf, decodeStun, encodeStun, longTermKey, type MessageClass } from '../../../services/turn/stun-message.ts'
import { decodeChannelData, decodeErrorCode, decodeUint32, decodeXorAddress, encodeChannelData, encodeUint32, encodeXorAddress, streamMessageLength } from '../../../services/turn/stun-values.ts'

function hex (text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex')
}

const SHORT_TERM_PASSWORD = 'VOkJxbRl1RmTxUk/WvJxBt'

/** RFC 5769 section 2.1. */
const SAMPLE_REQUEST = hex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff
  80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`)

/** RFC 5769 section 2.2. */
const SAMPLE_IPV4_RESPONSE = hex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
  80280004 c07d4c96`)

/** RFC 5769 section 2.3. */
const SAMPLE_IPV6_RESPONSE = hex(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
  00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
  80280004 c8fb0b4c`)

/** RFC 5769 section 2.4. */
const SAMPLE_LONG_TERM_REQUEST = hex(`
  00010060 2112a442 78ad3433 c6ad72c0 29da412e
  00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
  0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
  0014000b 6578616d 706c652e 6f726700
  00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666`)

await t.test('reads and verifies the sample request of RFC 5769 2.1', async (t) => {
  const message = decodeStun(SAMPLE_REQUEST)
  t.match(message, { messageClass: 'request', method: Method.binding, transactionId: hex('b7e7a701bc34d686fa87dfae') })
  t.equal(message && attributeOf(message, AttributeType.username)?.toString(), 'evtj:h6vY')
  t.equal(message?.verify(SHORT_TERM_PASSWORD), true)
  t.equal(message?.verify('another password'), false)
})

await t.test('reads the sample responses of RFC 5769 2.2 and 2.3', async (t) => {
  for (const [sample, address] of [[SAMPLE_IPV4_RESPONSE, '192.0.2.1'], [SAMPLE_IPV6_RESPONSE, '2001:db8:1234:5678:11:2233:4455:6677']] as const) {
    const message = decodeStun(sample)
    if (message === undefined) throw new Error('the sample must be readable')
    t.equal(message.messageClass, 'success')
    t.equal(message.verify(SHORT_TERM_PASSWORD), true)
    const value = attributeOf(message, AttributeType.xorMappedAddress)
    t.same(decodeXorAddress(value, message.transactionId), { address, port: 32853 })
    t.same(encodeXorAddress({ address, port: 32853 }, message.transactionId), value)
  }
})

await t.test('reads, verifies and rebuilds the long-term sample of RFC 5769 2.4', async (t) => {
  const message = decodeStun(SAMPLE_LONG_TERM_REQUEST)
  if (message === undefined) throw new Error('the sample must be readable')
  // The password as it is after SASLprep.
  const key = longTermKey('マトリックス', 'example.org', 'TheMatrIX')
  t.equal(message.verify(key), true)
  t.same(encodeStun(message, { key }), SAMPLE_LONG_TERM_REQUEST)
})

await t.test('any single flipped byte of a signed message with a fingerprint is noticed', async (t) => {
  t.ok(decodeStun(SAMPLE_REQUEST))
  // A fingerprint whose type is damaged is an unknown attribute after the signed part, which is ignored.
  const fingerprintType = SAMPLE_REQUEST.length - 8
  const unnoticed: number[] = []
  for (let index = 0; index < SAMPLE_REQUEST.length; index++) {
    const damaged = Buffer.from(SAMPLE_REQUEST)
    damaged.writeUInt8(damaged.readUInt8(index) ^ 0x01, index)
    if (decodeStun(damaged) !== undefined) unnoticed.push(index)
  }
  t.same(unnoticed, [fingerprintType, fingerprintType + 1])
})

await t.test('leaves out what follows MESSAGE-INTEGRITY', async (t) => {
  const transactionId = Buffer.alloc(12)
  const signed = encodeStun({ messageClass: 'success', method: Method.allocate, transactionId, attributes: [] }, { key: 'k' })
  const forged = Buffer.concat([signed, hex('000d0004 00000258')])
  forged.writeUInt16BE(forged.length - 20, 2)
  const message = decodeStun(forged)
  t.equal(message?.verify('k'), true)
  t.same(message?.attributes, [])
})

const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array))
const anyMessage = fc.record({
  messageClass: fc.constantFrom<MessageClass[]>('request', 'indication', 'success', 'error'),
  method: fc.integer({ min: 0, max: 0xfff }),
  transactionId: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((array) => Buffer.from(array)),
  attributes: fc.array(fc.record({
    type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== AttributeType.messageIntegrity && type !== AttributeType.fingerprint),
    value: bytes(60)
  }), { maxLength: 8 })
})

await t.test('what is encoded is decoded to the same', async (t) => {
  fc.assert(fc.property(anyMessage, fc.boolean(), bytes(20), fc.boolean(), (message, signed, key, fingerprint) => {
    const encoded = encodeStun(message, signed ? { key, fingerprint } : { fingerprint })
    const decoded = decodeStun(encoded)
    if (decoded === undefined || streamMessageLength(encoded) !== encoded.length) return false
    const { verify, ...rest } = decoded
    return verify(key) === signed && JSON.stringify(rest) === JSON.stringify({
      messageClass: message.messageClass, method: message.method, transactionId: message.transactionId, attributes: message.attributes
    })
  }))
  t.pass()
})

await t.test('no bytes make a decoder throw', async (t) => {
  const random = bytes(400)
  // Random bytes alone would fail at the cookie: these have a right header, and attributes that are not.
  const headed = random.map((body) => {
    const header = hex('01030000 2112a442 000000000000000000000000')
    header.writeUInt16BE(body.length, 2)
    return Buffer.concat([header, body])
  })
  const damaged = fc.tuple(fc.nat(SAMPLE_REQUEST.length - 1), fc.nat(255)).map(([index, byte]) => {
    const copy = Buffer.from(SAMPLE_REQUEST)
    copy.writeUInt8(byte, index)
    return copy
  })
  const cutShort = fc.nat(SAMPLE_REQUEST.length).map((end) => SAMPLE_REQUEST.subarray(0, end))
  fc.assert(fc.property(fc.oneof(random, headed, damaged, cutShort), (input) => {
    decodeStun(input)?.verify('key')
    decodeChannelData(input)
    decodeErrorCode(input)
    decodeUint32(input)
    decodeXorAddress(input, Buffer.alloc(12))
    streamMessageLength(input)
  }), { numRuns: 3000 })
  t.pass()
})

await t.test('addresses of both families survive the XOR', async (t) => {
  const transactionId = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((array) => Buffer.from(array))
  fc.assert(fc.property(fc.ipV4(), fc.nat(0xffff), transactionId, (address, port, id) => {
    const decoded = decodeXorAddress(encodeXorAddress({ address, port }, id), id)
    return decoded?.address === address && decoded.port === port
  }))
  fc.assert(fc.property(fc.ipV6(), fc.nat(0xffff), transactionId, (address, port, id) => {
    const value = encodeXorAddress({ address, port }, id)
    const decoded = decodeXorAddress(value, id)
    return value.length === 20 && decoded !== undefined && encodeXorAddress(decoded, id).equals(value)
  }))
  t.throws(() => encodeXorAddress({ address: 'relay.example.org', port: 1 }, Buffer.alloc(12)), RangeError)
})

await t.test('ChannelData is padded for a stream only, and read either way', async (t) => {
  fc.assert(fc.property(fc.integer({ min: 0x4000, max: 0x4fff }), bytes(50), fc.boolean(), (channel, payload, padded) => {
    const encoded = encodeChannelData(channel, payload, padded)
    const decoded = decodeChannelData(encoded)
    if (padded && (encoded.length % 4 !== 0 || streamMessageLength(encoded) !== encoded.length)) return false
    return (padded || encoded.length === 4 + payload.length) && decoded?.channel === channel && decoded.payload.equals(payload)
  }))
  t.equal(decodeChannelData(hex('40000005 01020304')), undefined, 'shorter than it says')
})

await t.test('the length of the next message in a stream', async (t) => {
  t.equal(streamMessageLength(hex('400000')), undefined, 'too few bytes to tell')
  t.equal(streamMessageLength(hex('40000005')), 12)
  t.equal(streamMessageLength(hex('00010058')), 108)
  t.equal(streamMessageLength(hex('00010057')), 'garbage', 'a STUN length is a multiple of four')
  t.equal(streamMessageLength(hex('80000000')), 'garbage')
})

await t.test('error codes and numbers', async (t) => {
  t.same(decodeErrorCode(hex('00000426')), { code: 438, reason: '' })
  t.same(decodeErrorCode(Buffer.concat([hex('00000401'), Buffer.from('Unauthorized')])), { code: 401, reason: 'Unauthorized' })
  t.equal(decodeErrorCode(hex('0000')), undefined)
  t.equal(decodeUint32(encodeUint32(4_000_000_000)), 4_000_000_000)
  t.equal(decodeUint32(hex('000000')), undefined)
})
