import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { passwordsOf } from '../../../services/domain/turn-password.ts'

/** Of several blocks of the hash; some of it is no valid UTF-16. */
const text = (maxLength: number) => fc.oneof(
  fc.string({ unit: 'binary', maxLength, size: 'max' }),
  fc.array(fc.nat(0xffff), { maxLength, size: 'max' }).map(units => String.fromCharCode(...units))
)

t.test('a password is base64(HMAC-SHA1(secret, username)), whatever came before it', async () => {
  fc.assert(fc.property(text(100), fc.array(text(400), { minLength: 1, maxLength: 4 }), (secret, usernames) => {
    const passwordOf = passwordsOf(secret)
    return usernames.every(username => passwordOf(username) === createHmac('sha1', secret).update(username).digest('base64'))
  }))
})

t.test('wherever a username ends in a block, and a secret beside one', async t => {
  const secrets = [0, 63, 64, 65].map(length => 's'.repeat(length)).concat(`${'s'.repeat(63)}é`)
  for (const secret of secrets) {
    const passwordOf = passwordsOf(secret)
    const usernames = Array.from({ length: 130 }, (_, length) => 'u'.repeat(length))
    t.same(usernames.map(passwordOf), usernames.map(username => createHmac('sha1', secret).update(username).digest('base64')), `a secret of ${Buffer.byteLength(secret)} bytes`)
  }
})
