import t from 'tap'
import { newApp } from '../../../services/domain/app.ts'
import type { App } from '../../../services/domain/app.ts'
import { changeApp, checkAudience, showApp } from '../../../services/control-plane/change-app.ts'

const app = newApp('shop', '2026-11-22T10:00:00.000Z')
const seal = (text: string): string => `sealed(${text.length})`
const SECRET = 's'.repeat(32)
const withJwt = (id: string, issuer: string, audience: string): App => ({ ...newApp(id, ''), userJwt: { issuer, audience, jwksUrl: null, sealedSecret: 'x' } })

t.test('only what is given is changed, nested settings one by one', async t => {
  t.same(changeApp(app, {}, seal), app)
  t.same(changeApp(app, { name: 'Shop', suspended: true }, seal), { ...app, name: 'Shop', suspended: true })
  t.same(changeApp(app, { requestsPerMinute: { user: 5 } }, seal).requestsPerMinute, { ...app.requestsPerMinute, user: 5 })
  const capped = changeApp(app, { relayCaps: { appSessions: 3 } }, seal)
  t.same(capped.relayCaps, { ...app.relayCaps, appSessions: 3 })
  t.same(changeApp(capped, { relayCaps: { appSessions: null, userSessions: 1 } }, seal).relayCaps, { ...app.relayCaps, userSessions: 1 }, 'null takes a cap away')
  t.same(changeApp({ ...app, allowedOrigins: ['https://a.example'] }, { allowedOrigins: [] }, seal).allowedOrigins, [], 'a list is given whole')
  t.equal(app.name, 'shop', 'and what was there before is left alone')
})

t.test('user tokens take a secret, which is sealed, or a key set; the audience is the app unless said', async t => {
  t.same(changeApp(app, { userJwt: { issuer: 'i', secret: SECRET } }, seal).userJwt, { issuer: 'i', audience: 'shop', jwksUrl: null, sealedSecret: 'sealed(32)' })
  const open = changeApp(app, { userJwt: { issuer: 'i', audience: 'a', jwksUrl: 'https://id.example/keys' } }, seal)
  t.same(open.userJwt, { issuer: 'i', audience: 'a', jwksUrl: 'https://id.example/keys', sealedSecret: null })
  t.same(changeApp(open, { name: 'x' }, seal).userJwt, open.userJwt, 'they stay')
  t.equal(changeApp(open, { userJwt: null }, seal).userJwt, null, 'until they are taken away')
})

t.test('both ways, neither of them, or an address that is none, are refused', async t => {
  for (const userJwt of [{ issuer: 'i' }, { issuer: 'i', secret: SECRET, jwksUrl: 'https://id.example/keys' }, { issuer: 'i', jwksUrl: 'https://' }, { issuer: 'i', jwksUrl: 'https://[' }]) {
    t.throws(() => changeApp(app, { userJwt }, seal), { status: 400, code: 'invalid_request' }, JSON.stringify(userJwt))
  }
})

t.test('issuer and audience together name one app', async t => {
  const others = [withJwt('other', 'i', 'a'), newApp('bare', '')]
  t.throws(() => { checkAudience(others, withJwt('shop', 'i', 'a')) }, { status: 409, code: 'audience_taken' })
  t.doesNotThrow(() => { checkAudience(others, withJwt('shop', 'i', 'b')) })
  t.doesNotThrow(() => { checkAudience(others, withJwt('shop', 'j', 'a')) })
  t.doesNotThrow(() => { checkAudience(others, withJwt('other', 'i', 'a')) }, 'it may keep its own')
  t.doesNotThrow(() => { checkAudience(others, newApp('shop', '')) })
})

t.test('an app is shown without its secret', async t => {
  t.same(showApp(app), app)
  const shown = showApp(changeApp(app, { userJwt: { issuer: 'i', secret: SECRET } }, seal))
  t.same(shown.userJwt, { issuer: 'i', audience: 'shop', jwksUrl: null, hasSecret: true })
  t.notMatch(JSON.stringify(shown), 'sealed')
})
