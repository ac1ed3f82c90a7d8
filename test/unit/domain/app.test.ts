import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { allowsOrigin, AppId, indexApps, newApp } from '../../../services/domain/app.ts'
import type { App } from '../../../services/domain/app.ts'

const appId = Compile(AppId)
const isAppId = (id: string): boolean => appId.Check(id)

t.test('an app id is 3 to 32 of a-z, 0-9 and -', async t => {
  for (const id of ['abc', 'a-1', '---', '007', 'x'.repeat(32), 'union', 'select', 'reunion', 'selected']) t.equal(isAppId(id), true, id)
  for (const id of ['', 'ab', 'x'.repeat(33), 'Shop', 'a.b', 'a_b', 'a b', 'a:b', 'äöü', 'abc\n', '_probe', 'a/b']) t.equal(isAppId(id), false, JSON.stringify(id))
})

t.test('an id with both words that coturn refuses in a username is none, in whatever order', async t => {
  for (const id of ['union-select', 'select-union', 'selectunion', 'xunionxselectx']) t.equal(isAppId(id), false, id)
  const filler = fc.stringMatching(/^[a-z0-9-]{0,6}$/)
  fc.assert(fc.property(filler, filler, filler, fc.boolean(), (a, b, c, turned) =>
    !isAppId(turned ? `${a}select${b}union${c}` : `${a}union${b}select${c}`)))
})

t.test('an origin is allowed by an entry that is the same, to the letter', async t => {
  for (const origin of ['https://shop.example', 'http://localhost:5173', 'capacitor://localhost', 'https://10.0.0.1:8443']) {
    t.equal(allowsOrigin([origin], origin), true, origin)
    for (const other of [`${origin}/`, `${origin}.`, ` ${origin}`, origin.toUpperCase(), `${origin}0`, origin.slice(1), '', 'null']) t.equal(allowsOrigin([origin], other), false, other)
  }
  t.equal(allowsOrigin([], 'https://shop.example'), false)
  t.equal(allowsOrigin(['https://a.example', 'https://b.example'], 'https://b.example'), true, 'any of them will do')
})

t.test('a wildcard stands for subdomains of any depth, never for the domain itself, another scheme or another port', async t => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
  fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), labels => allowsOrigin(['https://*.shop.example'], `https://${labels.join('.')}.shop.example`)))
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => !allowsOrigin(['https://*.shop.example'], text)))
  for (const origin of ['https://shop.example', 'https://.shop.example', 'http://a.shop.example', 'https://a.shop.example:8443', 'https://ashop.example', 'https://a.shop.example.evil.example', 'https://*.shop.example', 'https://evil.example/.shop.example', 'https://evil.example#.shop.example', 'https://u:p@a.shop.example', 'https://a\n.shop.example']) {
    t.equal(allowsOrigin(['https://*.shop.example'], origin), false, origin)
  }
  t.equal(allowsOrigin(['https://*.shop.example:8443'], 'https://a.shop.example:8443'), true)
})

t.test('apps are found by their issuer, those of one issuer together, and their origins are known as one set', async t => {
  const userJwt = (issuer: string, audience: string) => ({ issuer, audience, jwksUrl: null, sealedSecret: 'sealed' })
  const apps: App[] = [
    { ...newApp('one', ''), userJwt: userJwt('https://id.example', 'one'), allowedOrigins: ['https://a.example', 'https://b.example'] },
    { ...newApp('two', ''), userJwt: userJwt('https://id.example', 'two'), allowedOrigins: ['https://b.example'] },
    { ...newApp('three', ''), userJwt: userJwt('constructor', 'three') },
    newApp('four', '')
  ]
  const { version, byIssuer, origins } = indexApps('7', new Map(apps.map(app => [app.id, app])), new Map())
  t.equal(version, '7')
  t.same([...byIssuer].map(([issuer, apps]) => [issuer, apps.map(({ id }) => id)]), [['https://id.example', ['one', 'two']], ['constructor', ['three']]])
  t.equal(byIssuer.get('toString'), undefined)
  t.same([...origins], ['https://a.example', 'https://b.example'])
})
