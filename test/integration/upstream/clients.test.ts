import { createServer } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import { createCloudflareClient } from '../../../services/upstream/cloudflare.ts'
import { createCloudflareUsage } from '../../../services/upstream/cloudflare-usage.ts'
import { createTwilioClient } from '../../../services/upstream/twilio.ts'
import { createTwilioUsage } from '../../../services/upstream/twilio-usage.ts'
import { startFakeProviders } from '../../helpers/fake-providers.ts'

const { cloudflare, twilio, cloudflareAccount, twilioAccount } = await startFakeProviders(t)
const { keyId, apiToken, accountId, analyticsToken } = cloudflareAccount
const { accountSid, authToken, apiKey, apiSecret } = twilioAccount
const byToken = { accountSid, username: accountSid, password: authToken, baseUrl: twilio.url }
const soon = () => AbortSignal.timeout(5_000)
t.beforeEach(() => {
  cloudflare.reset()
  twilio.reset()
})

t.test('both mint what a browser takes, in the dialect of today and in older ones', async t => {
  const clients = { cloudflare: createCloudflareClient({ keyId, apiToken, baseUrl: cloudflare.url }), twilio: createTwilioClient(byToken) }
  for (const [name, client] of Object.entries(clients)) {
    for (const mode of ['ok', 'older-shape'] as const) {
      for (const fake of [cloudflare, twilio]) fake.set(mode)
      const beforeMs = Date.now()
      const { iceServers, expiresAtMs } = await client.mint({ app: 'shop', ttlSeconds: 1200 }, soon())
      t.ok(expiresAtMs >= beforeMs + 1_200_000 && expiresAtMs <= Date.now() + 1_200_000, `${name}, ${mode}: expires when it says`)
      t.equal(iceServers.length, 1)
      t.match(iceServers[0]?.urls, [/^turn:.*:3478\?transport=udp$/, /:443\?transport=tcp$/, /^turn:.*\?transport=tcp$/], `${name}, ${mode}: no STUN, nothing at port 53`)
      t.equal(iceServers[0]?.urls.length, 3)
    }
  }
  t.match(cloudflare.minted.at(-1), { ttl: 1200, customIdentifier: 'shop' })
  t.match(twilio.minted.at(-1), { ttl: 1200 })
})

t.test('twilio: an API key will do; the expiry is what Twilio says, not what was asked', async t => {
  const client = createTwilioClient({ accountSid, username: apiKey, password: apiSecret, baseUrl: `${twilio.url}/` })
  twilio.set('short-ttl', { ttlSeconds: 90 })
  const { expiresAtMs } = await client.mint({ app: 'shop', ttlSeconds: 1800 }, soon())
  t.ok(Math.abs(expiresAtMs - Date.now() - 90_000) < 5_000)
})

t.test('cloudflare: what was minted can be revoked, and a failure to do so is known', async t => {
  const client = createCloudflareClient({ keyId, apiToken, baseUrl: cloudflare.url })
  await client.revoke('a/b', soon())
  t.same(cloudflare.revoked, ['a/b'])
  cloudflare.set('unauthorized')
  await t.rejects(client.revoke('c', soon()), { name: 'UpstreamError', kind: 'misconfigured' })
})

t.test('a redirect is not followed: it would take the key elsewhere', async t => {
  const seen: string[] = []
  const elsewhere = createServer((request, response) => {
    seen.push(request.headers.authorization ?? 'none')
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  t.teardown(() => { elsewhere.close() })
  const address = elsewhere.address() as { port: number }
  const redirecting = createServer((_request, response) => { response.writeHead(307, { location: `http://127.0.0.1:${address.port}/` }).end() }).listen(0, '127.0.0.1')
  await once(redirecting, 'listening')
  t.teardown(() => { redirecting.close() })
  const baseUrl = `http://127.0.0.1:${(redirecting.address() as { port: number }).port}`
  await t.rejects(createCloudflareClient({ keyId, apiToken, baseUrl }).mint({ app: 'a', ttlSeconds: 60 }, soon()), { kind: 'rejected', message: 'answered 307' })
  await t.rejects(createTwilioClient({ ...byToken, baseUrl }).mint({ app: 'a', ttlSeconds: 60 }, soon()), { kind: 'rejected', message: 'answered 307' })
  t.same(seen, [])
})

t.test('twilio: usage of all pages and regions, text made numbers', async t => {
  const days = Array.from({ length: 1_003 }, (_, index) => new Date(Date.UTC(2024, 0, 1 + index)).toISOString().slice(0, 10))
  twilio.setUsage([
    ...days.map(day => ({ category: 'turnmegabytes', day, megabytes: '1.25', priceUsd: '0.0005' })),
    { category: 'turnmegabytes-germany', day: '2024-01-02', megabytes: '1.25', priceUsd: '0.0005' },
    { category: 'sms', day: '2024-01-02', megabytes: '7', priceUsd: '7' }
  ])
  const usage = await createTwilioUsage(byToken)('2024-01-01', '2026-12-31')
  t.equal(usage.length, 1_004)
  t.match(usage[0], { day: '2024-01-01', region: null, megabytes: 1.25, priceMicroUsd: 500n, asOf: /^2/ })
  t.match(usage.at(-1), { day: '2024-01-02', region: 'germany' })
  t.equal(usage.reduce((sum, { priceMicroUsd }) => sum + priceMicroUsd, 0n), 502_000n)
  t.equal(twilio.count('usage'), 11, 'ten categories, one of them in two pages')
  t.equal((await createTwilioUsage(byToken)('2024-01-02', '2024-01-02')).length, 2, 'both ends are included')
})

t.test('cloudflare: usage a minute and app; where one reply could not hold it, in parts', async t => {
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 9, minute)).toISOString()
  const read = createCloudflareUsage({ accountId, analyticsToken, keyId, baseUrl: cloudflare.url })
  cloudflare.setUsage([0, 1, 2].map(minute => ({ customIdentifier: 'shop', datetimeMinute: at(minute), egressBytes: 100 + minute, ingressBytes: 50 })))
  t.same(await read(Date.parse(at(0)), Date.parse(at(2))), [0, 1].map(minute => ({ app: 'shop', minuteMs: Date.parse(at(minute)), egressBytes: 100 + minute, ingressBytes: 50 })), 'from is included, to is not')
  cloudflare.reset()
  cloudflare.setUsage(Array.from({ length: 24_000 }, (_, index) => ({ customIdentifier: `app-${index % 6_000}`, datetimeMinute: at(Math.floor(index / 6_000)), egressBytes: 1, ingressBytes: 2 })))
  const usage = await read(Date.parse(at(0)), Date.parse(at(4)))
  t.equal(usage.length, 24_000)
  t.equal(usage.reduce((sum, { egressBytes }) => sum + egressBytes, 0), 24_000)
  t.equal(cloudflare.count('usage'), 7)
})

t.test('usage that cannot be had, or read, is an error of the same kinds', async t => {
  const [readTwilio, readCloudflare] = [createTwilioUsage(byToken), createCloudflareUsage({ accountId, analyticsToken, keyId, baseUrl: cloudflare.url })]
  twilio.setUsage([{ category: 'turnmegabytes', day: '2026-11-24', megabytes: '1', priceUsd: '1' }])
  for (const [mode, kind] of [['nulls', 'bad_reply'], ['missing-list', 'bad_reply'], ['malformed', 'bad_reply'], ['server-error', 'server_error'], ['forbidden', 'misconfigured'], ['reset', 'unreachable']] as const) {
    for (const fake of [twilio, cloudflare]) fake.set(mode)
    await t.rejects(readTwilio('2026-11-24', '2026-11-24'), { name: 'UpstreamError', kind }, `twilio, ${mode}`)
    await t.rejects(readCloudflare(Date.UTC(2026, 10, 24, 9), Date.UTC(2026, 10, 24, 10)), { name: 'UpstreamError', kind }, `cloudflare, ${mode}`)
  }
  cloudflare.reset()
  await t.rejects(createCloudflareUsage({ accountId: 'other', analyticsToken, keyId, baseUrl: cloudflare.url })(0, 60_000), { name: 'UpstreamError', kind: 'bad_reply' }, 'GraphQL says no with a 200')
})
