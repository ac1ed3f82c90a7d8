import { hash } from 'node:crypto'

/** The password of a TURN username under one secret, in base64. */
export type PasswordOf = (username: string) => string

/** RFC 2104, section 2, with SHA-1 (FIPS 180-4): the bytes of a block and of a digest, and what fills the two pads. */
const BLOCK = 64
const DIGEST = 20
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
/** A username of ours has a hundred characters at most; what has more than a third of this gets a buffer of its own. */
const ROOM = 512
/** UTF-8 of one UTF-16 unit. */
const MOST_BYTES_A_UNIT = 3

/**
 * base64(HMAC-SHA1(secret, username)), as coturn checks it (draft-uberti-behave-turn-rest-00, section 2.2), from two
 * digests over pads that are made once. Node's createHmac makes a stream and looks up its algorithm for each password,
 * which took a twentieth of the time of a whole request for credentials.
 */
export function passwordsOf (secret: string): PasswordOf {
  const inner = Buffer.alloc(BLOCK + ROOM)
  const outer = Buffer.alloc(BLOCK + DIGEST)
  fillPads(secret, inner, outer)
  return username => {
    const most = username.length * MOST_BYTES_A_UNIT
    const message = most <= ROOM ? inner : Buffer.concat([inner.subarray(0, BLOCK), Buffer.alloc(most)])
    const end = BLOCK + message.write(username, BLOCK)
    outer.set(hash('sha1', message.subarray(0, end), 'buffer'), BLOCK)
    return hash('sha1', outer, 'base64')
  }
}

/** What both pads hold is all that stays of the secret: the key itself is in a buffer of its own, which is emptied. */
function fillPads (secret: string, inner: Buffer, outer: Buffer): void {
  const key = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(secret) > BLOCK) key.set(hash('sha1', secret, 'buffer'))
  else key.write(secret)
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ INNER_PAD
    outer[at] = byte ^ OUTER_PAD
  }
  key.fill(0)
}
