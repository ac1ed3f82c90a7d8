/** What the fakes promise is what providers are known to do: a client that works here must not be surprised there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { ask } from '../helpers/control-plane.ts'
import { startFakeProviders } from '../helpers/fake-providers.ts'

const fakes = await startFakeProviders(t)
const { cloudflare, twilio, cloudflareAccount, twilioAccount } = fakes

const basic = (name: string, word: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}` })
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const login = basic(twilioAccount.accountSid, twilioAccount.authToken)
const tokens = (headers: Record<string, string>, body?: string, sid = twilioAccount.accountSid) =>
  ask(`${twilio.url}/2010-04-01/Accounts/${sid}/Tokens.json`, 'POST', { headers: { ...form, ...headers }, ...body === undefined ? {} : { body } })
const twilioError = (status: number, code: number) => ({ status, body: { code, message: /./, more_info: `https://www.twilio.com/docs/errors/${code}`, status } })

t.test('twilio: a token for the ttl asked for, a day without, as Twilio writes it', async t => {
  const { status, body } = await tokens(login, 'Ttl=600')
  t.equal(status, 201)
  t.match(body, { account_sid: twilioAccount.accountSid, username: /^[0-9a-f]{64}$/, ttl: '600', date_created: /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000$/ })
  t.same(body.ice_servers.map(({ url, urls }: { url: string, urls: string }) => [url, urls]), ['stun:global.stun.twilio.com:3478', 'turn:global.turn.twilio.com:3478?transport=udp', 'turn:global.turn.twilio.com:3478?transport=tcp', 'turn:global.turn.twilio.com:443?transport=tcp'].map(url => [url, url]))
  t.same(body.ice_servers[0].credential, undefined)
  t.same([body.ice_servers[1].username, body.ice_servers[1].credential], [body.username, body.password])
  t.match((await tokens(basic(twilioAccount.apiKey, twilioAccount.apiSecret))).body, { ttl: '86400' }, 'with an API key as well')
})

t.test('twilio: who is not known, or asks for what is not there, is told so by code', async t => {
  t.match(await tokens({}), { ...twilioError(401, 20003) })
  t.match((await tokens({})).headers.get('www-authenticate'), /^Basic/)
  t.match(await tokens(basic(twilioAccount.accountSid, 'wrong')), twilioError(401, 20003))
  t.match(await tokens(basic(twilioAccount.apiKey, twilioAccount.authToken)), twilioError(401, 20003))
  t.match(await tokens(login, 'Ttl=600', 'ACother'), twilioError(404, 20404))
  for (const ttl of ['0', '86401', 'x', '-1']) t.match(await tokens(login, `Ttl=${ttl}`), twilioError(400, 20001), ttl)
  t.match(await ask(`${twilio.url}/2010-04-01/Accounts/${twilioAccount.accountSid}/Tokens.json`, 'GET', { headers: login }), twilioError(405, 20004))
})

t.test('twilio: usage by category and day, in pages that name the next', async t => {
  twilio.setUsage(['2026-11-20', '2026-11-21', '2026-11-22'].flatMap(day => ['turnmegabytes', 'turnmegabytes-useast'].map(category => ({ category, day, megabytes: '10.5', priceUsd: '0.0042' }))))
  const records = `/2010-04-01/Accounts/${twilioAccount.accountSid}/Usage/Records`
  const get = async (path: string) => (await ask(`${twilio.url}${path}`, 'GET', { headers: login })).body
  const days: string[] = []
  let pages = 0
  for (let path = `${records}/Daily.json?Category=turnmegabytes&StartDate=2026-11-21&PageSize=1`; path; pages++) {
    const page = await get(path)
    days.push(...page.usage_records.map(({ start_date: day }: { start_date: string }) => day))
    path = page.next_page_uri
  }
  t.same([days, pages], [['2026-11-21', '2026-11-22'], 2])
  const { usage_records: [whole] } = await get(`${records}.json?Category=turnmegabytes-useast`)
  t.match(whole, { category: 'turnmegabytes-useast', usage: '31.5', usage_unit: 'megabytes', price_unit: 'usd', start_date: '2026-11-20', end_date: '2026-11-22', as_of: /^2/ })
  t.type(whole.price, 'string')
  t.same((await get(`${records}/Today.json`)).usage_records, [])
  t.equal((await ask(`${twilio.url}${records}/Hourly.json`, 'GET', { headers: login })).status, 404)
})

const bearer = { authorization: `Bearer ${cloudflareAccount.apiToken}` }
const key = `${cloudflare.url}/v1/turn/keys/${cloudflareAccount.keyId}/credentials`
const mint = (headers: Record<string, string>, body: unknown, call = 'generate-ice-servers') => ask(`${key}/${call}`, 'POST', { headers, body })

t.test('cloudflare: a credential with its URLs, port 53 among them; the older call answers a single entry', async t => {
  const { status, body } = await mint(bearer, { ttl: 600, customIdentifier: 'shop' })
  t.equal(status, 201)
  t.same(body.iceServers.map(({ urls }: { urls: string[] }) => urls.length), [2, 6])
  t.match(body.iceServers[1], { username: /^[0-9a-f]{96}$/, credential: /./ })
  t.match(body.iceServers.flatMap(({ urls }: { urls: string[] }) => urls).filter((url: string) => /:53(\?|$)/.test(url)), [/^stun/, /^turn/])
  t.match(cloudflare.minted.at(-1), { ttl: 600, customIdentifier: 'shop' })
  const single = await mint(bearer, { ttl: 600 }, 'generate')
  t.match(single, { status: 201, body: { iceServers: { urls: /stun:.*turns:/, username: /./ } } })
})

t.test('cloudflare: the token is checked, the ttl ends at 48 hours, and what was issued can be revoked', async t => {
  t.equal((await mint({}, { ttl: 600 })).status, 401)
  t.equal((await mint({ authorization: 'Bearer wrong' }, { ttl: 600 })).status, 401)
  t.equal((await ask(`${cloudflare.url}/v1/turn/keys/other/credentials/generate-ice-servers`, 'POST', { headers: bearer, body: { ttl: 600 } })).status, 404)
  for (const ttl of [0, 172_801, '600', undefined]) t.equal((await mint(bearer, { ttl })).status, 400, String(ttl))
  t.equal((await mint(bearer, '{"ttl":')).status, 400)
  t.equal((await mint(bearer, { ttl: 172_800 })).status, 201)
  t.match(await ask(`${key}/abc/revoke`, 'POST', { headers: bearer }), { status: 204, text: '' })
  t.equal((await ask(`${key}/abc/revoke`, 'POST')).status, 401)
  t.same(cloudflare.revoked, ['abc'])
})

t.test('cloudflare: usage by GraphQL, filtered and grouped, with errors in a 200', async t => {
  cloudflare.setUsage(['09:00', '09:01', '09:02'].flatMap(at => ['shop', 'chat'].map(app => ({ customIdentifier: app, datetimeMinute: `2026-11-24T${at}:00Z`, egressBytes: 100, ingressBytes: 50 }))))
  const query = (text: string, token = cloudflareAccount.analyticsToken, account = cloudflareAccount.accountId) =>
    ask(`${cloudflare.url}/client/v4/graphql`, 'POST', { headers: { authorization: `Bearer ${token}` }, body: { query: `{ viewer { accounts(filter: { accountTag: "${account}" }) { callsTurnUsageAdaptiveGroups(${text}) { dimensions { customIdentifier } sum { egressBytes ingressBytes } } } } }` } })
  const { body } = await query('limit: 100, filter: { datetimeMinute_gt: "2026-11-24T09:00:00Z", datetimeMinute_lt: "2026-11-24T10:00:00Z", customIdentifier: "shop" }')
  t.same(body, { data: { viewer: { accounts: [{ callsTurnUsageAdaptiveGroups: [{ dimensions: { customIdentifier: 'shop' }, sum: { egressBytes: 200, ingressBytes: 100 } }] }] } }, errors: null })
  for (const refused of [await query(''), await query('limit: 100', cloudflareAccount.analyticsToken, 'other')]) t.match(refused, { status: 200, body: { data: null, errors: [{ message: /./ }] } })
  t.equal((await query('limit: 100', cloudflareAccount.apiToken)).status, 403, 'the token of the TURN key does not open it')
})

t.test('the switch: what it is set to, for how many requests, and what was asked since', async t => {
  const control = (method: string, body?: unknown) => ask(`${cloudflare.url}/_fake`, method, body === undefined ? {} : { body })
  await control('DELETE')
  await control('PUT', { mode: 'rate-limited', retryAfterSeconds: 7, times: 1 })
  const limited = await mint(bearer, { ttl: 600 })
  t.equal(limited.status, 429)
  t.equal(limited.headers.get('retry-after'), '7')
  t.equal((await mint(bearer, { ttl: 600 })).status, 201, 'once, as it was told')
  t.match((await control('GET')).body, { mode: 'ok', calls: { mint: 2 }, total: 2, inFlight: 0 })
  for (const wrong of [{ mode: 'nonsense' }, { mode: 'slow', delayMs: -1 }, { mode: 'hang', times: 0 }]) t.equal((await control('PUT', wrong)).status, 400)
  t.match((await control('DELETE')).body, { mode: 'ok', total: 0 })
})

t.test('npm run fake-providers: prints what points Spillway at both, and ends on Ctrl-C', async t => {
  const child = spawn(process.execPath, ['test/fakes/start.ts'], { stdio: ['ignore', 'pipe', 'pipe'], env: { SPILLWAY_FAKE_CLOUDFLARE_PORT: '0', SPILLWAY_FAKE_TWILIO_PORT: '0' } })
  t.teardown(() => { child.kill('SIGKILL') })
  const exited = once(child, 'exit')
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { printed += text })
  await until('it has said all', () => printed.includes('/_fake\n') && printed.split('/_fake').length > 2)
  const settings = Object.fromEntries([...printed.matchAll(/^export (\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]))
  const { CLOUDFLARE_TURN_BASE_URL: url, CLOUDFLARE_TURN_KEY_ID: id, CLOUDFLARE_API_TOKEN: token, TWILIO_API_BASE_URL: twilioUrl } = settings
  t.equal((await ask(`${url}/v1/turn/keys/${id}/credentials/generate-ice-servers`, 'POST', { token: token ?? '', body: { ttl: 60 } })).status, 201)
  // a request that hangs does not keep it
  await ask(`${twilioUrl}/_fake`, 'PUT', { body: { mode: 'hang' } })
  const hanging = fetch(`${twilioUrl}/2010-04-01/Accounts/x/Tokens.json`, { method: 'POST' }).then(() => 'answered', () => 'cut off')
  await until('it hangs', async () => (await ask(`${twilioUrl}/_fake`, 'GET')).body.inFlight === 1)
  child.kill('SIGINT')
  t.same(await exited, [0, null])
  t.equal(await hanging, 'cut off')
})
