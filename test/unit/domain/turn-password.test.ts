import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { passwordsOf } from '../../../services/domain/turn-password.ts'

/** Beyond a block of the hash, and beyond the room that is held for usernames; some of it is no valid UTF-16. */
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

t.test('around the ends of a block and of the room', async t => {
  for (const length of [0, 1, 63, 64, 65]) {
    for (const units of [0, 1, 170, 171, 512, 513]) {
      const [secret, username] = ['s'.repeat(length), 'u'.repeat(units)]
      t.equal(passwordsOf(secret)(username), createHmac('sha1', secret).update(username).digest('base64'), `a secret of ${length}, a username of ${units}`)
    }
  }
})
