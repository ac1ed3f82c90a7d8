import { hash } from 'node:crypto'

/** The password of a TURN username under one secret, in base64. */
export type PasswordOf = (username: string) => string

/** FIPS 180-4, section 5.3.1. */
const FIRST = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
/** Bytes of a block, and words of it; bytes of a digest, and words of it. */
const [BLOCK, BLOCK_WORDS, DIGEST, DIGEST_WORDS] = [64, 16, 20, 5]
/** RFC 2104, section 2, four bytes at a time. */
const INNER_PAD = 0x36363636
const OUTER_PAD = 0x5c5c5c5c
const ASCII = 0x7f
const ROUNDS = 80

/** The block to hash next, and behind it what section 6.1.2 makes of it; and what it is hashed into. Nothing here waits, so there is one of each. */
const words = new Int32Array(ROUNDS)
const state = new Int32Array(DIGEST_WORDS)
const digest = Buffer.alloc(DIGEST)

/**
 * base64(HMAC-SHA1(secret, username)), as coturn checks it (draft-uberti-behave-turn-rest-00, section 2.2). A username of ours
 * is two blocks long: to call OpenSSL for these took longer than to hash them, and each time memory outside of the heap
 * which had to be collected. What becomes of the secret is hashed once, and all that is kept of it.
 */
export function passwordsOf (secret: string): PasswordOf {
  const key = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(secret) > BLOCK) key.set(hash('sha1', secret, 'buffer'))
  else key.write(secret)
  const [inner, outer] = [hashPad(key, INNER_PAD), hashPad(key, OUTER_PAD)]
  key.fill(0)
  return username => {
    // none of ours is anything else
    if (hashBehind(inner, username) > ASCII) hashBehind(inner, Buffer.from(username).toString('latin1'))
    words.set(state)
    state.set(outer)
    hashEnd(DIGEST_WORDS, -0x80000000, BLOCK + DIGEST)
    for (let at = 0; at < DIGEST_WORDS; at++) digest.writeInt32BE(state[at] as number, at * 4)
    return digest.toString('base64')
  }
}

/** What a key filled up to a block leads to. */
function hashPad (key: Buffer, pad: number): Int32Array {
  for (let at = 0; at < BLOCK_WORDS; at++) words[at] = key.readInt32BE(at * 4) ^ pad
  state.set(FIRST)
  hashBlock()
  words.fill(0)
  return state.slice()
}

/** Hashes a text, one byte a unit, behind a pad, to its end; returns all bits that its units have between them. */
function hashBehind (pad: Int32Array, text: string): number {
  state.set(pad)
  let [at, word, bits] = [0, 0, 0]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    bits |= unit
    word = word << 8 | unit
    if (index % 4 !== 3) continue
    words[at++] = word
    if (at < BLOCK_WORDS) continue
    hashBlock()
    at = 0
  }
  hashEnd(at, (word << 8 | 0x80) << 8 * (3 - text.length % 4), BLOCK + text.length)
  return bits
}

/** Section 5.1.1. @param last the last bytes, and the bit that ends them @param length of all that was hashed, in bytes */
function hashEnd (at: number, last: number, length: number): void {
  words[at++] = last
  // the length takes two words
  if (at > BLOCK_WORDS - 2) {
    while (at < BLOCK_WORDS) words[at++] = 0
    hashBlock()
    at = 0
  }
  while (at < BLOCK_WORDS - 1) words[at++] = 0
  // what ends here is far below the 2^32 bits that this word can say
  words[at] = length * 8
  hashBlock()
}

/** Section 6.1.2. */
function hashBlock (): void {
  for (let t = BLOCK_WORDS; t < ROUNDS; t++) words[t] = turnLeft(wordAt(t - 3) ^ wordAt(t - 8) ^ wordAt(t - 14) ^ wordAt(t - 16), 1)
  let [a, b, c, d, e] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number, state[4] as number]
  for (let t = 0; t < ROUNDS; t++) {
    const next = sum(sum(turnLeft(a, 5), mix(t, b, c, d)), sum(e, wordAt(t)))
    e = d
    d = c
    c = turnLeft(b, 30)
    b = a
    a = next
  }
  add(0, a)
  add(1, b)
  add(2, c)
  add(3, d)
  add(4, e)
}

/** Section 4.1.1, and the constants of 4.2.1. */
function mix (t: number, b: number, c: number, d: number): number {
  if (t < 20) return sum(b & c ^ ~b & d, 0x5a827999)
  if (t < 40) return sum(b ^ c ^ d, 0x6ed9eba1)
  if (t < 60) return sum(b & c ^ b & d ^ c & d, 0x8f1bbcdc)
  return sum(b ^ c ^ d, 0xca62c1d6)
}

const add = (at: number, word: number): void => { state[at] = sum(state[at] as number, word) }
const wordAt = (t: number): number => words[t] as number
/** Modulo 2^32, as all of it is: said at each step, so that no step is a sum of fractions. */
const sum = (a: number, b: number): number => a + b | 0
const turnLeft = (word: number, bits: number): number => word << bits | word >>> 32 - bits
