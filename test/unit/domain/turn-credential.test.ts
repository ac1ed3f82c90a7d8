import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { AppId } from '../../../services/domain/app.ts'
import { deriveKeys, deriveNodeKey, deriveNodeSecret, isProbe, mintCredential, mintUserId, parseUsername, PROBE_APP, userTag, userTagOf } from '../../../services/domain/turn-credential.ts'
import { passwordsOf } from '../../../services/domain/turn-password.ts'

const appId = Compile(AppId)
const isAppId = (id: string): boolean => appId.Check(id)

const keys = deriveKeys('a master key of forty characters or so..')
const otherKeys = deriveKeys('another master key, of another spillway.')
const none = () => Buffer.alloc(16)
const mint = (app: string, user: string | undefined, expiresAtSeconds = 1_795_346_720, random = none) =>
  mintCredential(passwordsOf('secret'), mintUserId(keys, app, userTag(keys, app, user, random)), expiresAtSeconds)

const ODD_USERS = ['', ' ', '/', ':', '.', '*', '%', '%s%n', '"', '\\', "'", '\n', '\r\n', '\0', '🙂', 'é', 'e\u0301', '\ud800', '\udfff', '\ud800\ud800', 'union select', '../..', 'x'.repeat(10_000), '🙂'.repeat(5_000)]
const user = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'grapheme' }), fc.array(fc.nat(0xffff)).map(units => String.fromCharCode(...units)), fc.constantFrom(...ODD_USERS))
const app = fc.stringMatching(/^[a-z0-9-]{3,32}$/).filter(isAppId)
const expiry = fc.integer({ min: 0, max: 99_999_999_999 })

t.test('whatever the user id, the username is short, plain, and names the app and the same tag again', async t => {
  fc.assert(fc.property(app, user, expiry, (app, user, expiry) => {
    const { username } = mint(app, user, expiry)
    const parsed = parseUsername([keys.name], username)
    return /^[A-Za-z0-9._:-]{1,128}$/.test(username) &&
      parsed?.app === app && parsed.userTag === userTag(keys, app, user, none)
  }), { numRuns: 1_000 })
})

t.test('no two of the oddest user ids share a tag, nor does one user in two apps', async t => {
  const tags = ['shop', 'chat'].flatMap(app => ODD_USERS.map(user => userTag(keys, app, user, none)))
  t.equal(new Set(tags).size, tags.length)
  fc.assert(fc.property(app, user, app, user, (app, user, otherApp, otherUser) =>
    (app === otherApp && user === otherUser) === (userTag(keys, app, user, none) === userTag(keys, otherApp, otherUser, none))))
})

t.test('probes have names of their own, which prove themselves like any other, and no app is ever called so', async t => {
  const { username } = mint(PROBE_APP, 'eu-1')
  t.same(parseUsername([keys.name], username), { app: '_probe', userTag: userTag(keys, '_probe', 'eu-1', none) })
  t.equal(parseUsername([otherKeys.name], username), undefined)
  t.notOk(isAppId(PROBE_APP))
  t.ok(isProbe(username))
  for (const other of [mint('probe', 'eu-1').username, mint('x-probe', '_probe').username, '_probe.x.y', '1:x_probe.y.z', `1:a.${username}`]) t.notOk(isProbe(other), other)
})

t.test('a tag tells nothing without its key: another master key gives another one', async t => {
  t.not(userTag(keys, 'shop', 'ada', none), userTag(otherKeys, 'shop', 'ada', none))
})

t.test('without a user the tag is as random as the randomness it is given, and never a user of that name', async t => {
  const anonymous = (byte: number) => userTag(keys, 'shop', undefined, () => Buffer.alloc(16, byte))
  t.not(anonymous(1), anonymous(2))
  t.equal(anonymous(1), anonymous(1))
  t.not(anonymous(1), userTag(keys, 'shop', 'undefined', () => Buffer.alloc(16, 1)))
  t.not(anonymous(1), userTag(keys, 'shop', '', () => Buffer.alloc(16, 1)))
})

t.test("the part that coturn's user quota counts by is the same in every credential of a user", async t => {
  const quotaPart = (expiry: number) => mint('shop', 'ada', expiry).username.split(':')[1]
  t.equal(quotaPart(1_795_346_720), quotaPart(1_795_999_999))
  t.not(quotaPart(1_795_346_720), mint('shop', 'bob').username.split(':')[1])
})

t.test('a minted username never holds both words that coturn refuses', async t => {
  fc.assert(fc.property(app, user, (app, user) => {
    const { username } = mint(app, user)
    return !(username.includes('union') && username.includes('select'))
  }))
  t.equal(isAppId('union-select'), false)
})

t.test('what was not minted with these keys is undefined', async t => {
  const { username } = mint('shop', 'ada')
  const [expiry = '', userId = ''] = username.split(':')
  const [appId = '', tag = '', mac = ''] = userId.split('.')
  const flip = (hex: string) => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)
  const forged = {
    'another mac': `${expiry}:${appId}.${tag}.${flip(mac)}`,
    'another tag': `${expiry}:${appId}.${flip(tag)}.${mac}`,
    'another app': `${expiry}:shoq.${tag}.${mac}`,
    'a shorter mac': username.slice(0, -1),
    'a longer mac': `${username}0`,
    'no mac': `${expiry}:${appId}.${tag}`,
    'an upper case mac': `${expiry}:${appId}.${tag}.${mac.toUpperCase()}`,
    'a line end behind': `${username}\n`,
    'something before the app': `${expiry}:x:${userId}`,
    'the order turned': `${userId}:${expiry}`,
    'an expiry alone': expiry,
    'an empty user': `${expiry}:`,
    nothing: '',
    'a name of somebody else': '1795346720:alice',
    'a format string': `${expiry}:q%s%s`
  }
  for (const [what, name] of Object.entries(forged)) t.equal(parseUsername([keys.name], name), undefined, what)
  t.equal(parseUsername([otherKeys.name], username), undefined, 'another master key')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), garbage => parseUsername([keys.name], garbage) === undefined && parseUsername([keys.name], `1795346720:${garbage}`) === undefined))
})

t.test('no change of one character survives', async t => {
  const { username } = mint('shop', 'ada')
  const start = username.indexOf(':') + 1
  fc.assert(fc.property(fc.integer({ min: start, max: username.length - 1 }), fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyz.-:_ '), (at, character) =>
    username[at] === character || parseUsername([keys.name], username.slice(0, at) + character + username.slice(at + 1)) === undefined))
})

t.test('the password is base64(HMAC-SHA1(secret, username)), as coturn computes it', async t => {
  t.same(mintCredential(passwordsOf('north'), 'alice', 1_433_895_918), {
    username: '1433895918:alice',
    // printf '%s' 1433895918:alice | openssl dgst -sha1 -hmac north -binary | base64
    credential: 'RqMvcGPYTJMGThVLSi4amT4zFtI='
  })
})

t.test('every node and every generation has a secret of its own, the same each time it is derived', async t => {
  const secret = (master: string, node: string, generation: number) => deriveNodeSecret(deriveNodeKey(master, node), generation)
  const all = ['key one', 'key two'].flatMap(master => ['eu-1', 'eu-11', 'eu-2'].flatMap(node => [1, 2, 11].map(generation => secret(master, node, generation))))
  t.equal(new Set(all).size, all.length)
  t.equal(secret('key one', 'eu-1', 1), secret('key one', 'eu-1', 1))
  t.match(deriveNodeKey('key one', 'eu-1'), /^[A-Za-z0-9_-]{43}$/, 'the length a relay agent asks for')
  t.not(deriveNodeKey('key one', 'eu-1').includes('key one'), true)
})

t.test('the tag can be read without the keys, of a name that was minted, and of no other', async t => {
  const { username } = mint('shop', 'ada')
  t.equal(userTagOf(username), userTag(keys, 'shop', 'ada', none))
  for (const name of ['', 'ada', '1:ada', `1:shop.${'a'.repeat(24)}`, `1:shop.${'A'.repeat(24)}.${'a'.repeat(24)}`, `${username}x`, `x${username}`]) t.equal(userTagOf(name), undefined, name)
})
