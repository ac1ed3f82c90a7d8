import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { seal, SEAL_NONCE_BYTES, unseal } from '../../../services/domain/seal.ts'
import { deriveKeys } from '../../../services/domain/turn-credential.ts'

const key = deriveKeys('m'.repeat(40)).seal
const nonce = randomBytes(SEAL_NONCE_BYTES)

t.test('what was sealed is read back under the same key, whatever it was', async t => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ minLength: SEAL_NONCE_BYTES, maxLength: SEAL_NONCE_BYTES }), (text, bytes) =>
    unseal(key, seal(key, text, Buffer.from(bytes))) === text))
})

t.test('the seal shows nothing of the text, and two of the same text are not alike', async t => {
  const sealed = seal(key, 'a shared secret', nonce)
  t.match(sealed, /^[\w-]+$/)
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), 'a shared secret')
  t.not(seal(key, 'a shared secret', randomBytes(SEAL_NONCE_BYTES)), sealed)
})

t.test('under another key, or with any bit changed, it is not read at all', async t => {
  const sealed = seal(key, 'a shared secret', nonce)
  t.equal(unseal(deriveKeys('n'.repeat(40)).seal, sealed), undefined)
  const bytes = Buffer.from(sealed, 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    if (unseal(key, changed.toString('base64url')) !== undefined) t.fail(`bit ${bit}`)
  }
  for (let length = 0; length < bytes.length; length++) if (unseal(key, bytes.subarray(0, length).toString('base64url')) !== undefined) t.fail(`cut to ${length}`)
})

t.test('what was never sealed is no secret', async t => {
  for (const text of ['', 'x', 'plain text of an older version', 'A'.repeat(200)]) t.equal(unseal(key, text), undefined)
})
