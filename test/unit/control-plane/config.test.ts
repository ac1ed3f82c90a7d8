import t from 'tap'
import { checkProviderSettings, ControlPlaneConfig, readProviderSettings } from '../../../services/control-plane/config.ts'
import { createProviders } from '../../../services/control-plane/providers/index.ts'
import { loadConfig } from '../../../services/runtime/load-config.ts'
import { checkBillsSettings, checkUpstreamSettings } from '../../../services/upstream/settings.ts'
import { ringOf } from '../../helpers/key-rings.ts'

const MASTER_KEY = 'm'.repeat(40)
const read = (environment: Record<string, string>) => readProviderSettings(loadConfig(ControlPlaneConfig, {
  SPILLWAY_REDIS_URL: 'redis://127.0.0.1', SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_ADMIN_TOKEN: 'a'.repeat(20), ...environment
}, checkProviderSettings))
const available = (environment: Record<string, string>) => createProviders(read(environment), ringOf(MASTER_KEY)).available

t.test('what is not configured is skipped, the order stays', async t => {
  t.same(available({}), ['coturn', 'stun'])
  t.same(available({ SPILLWAY_STATIC_ICE_SERVERS: '[{"urls":"stun:s.example.org"}]', SPILLWAY_PROVIDER_ORDER: 'stun, static,coturn' }), ['stun', 'static', 'coturn'])
  t.same(available({ SPILLWAY_PROVIDER_ORDER: 'coturn' }), ['coturn'], 'no last resort where the operator wants none')
})

t.test('a static list is sanitised: one bad entry would void it in a browser', async t => {
  const { staticIceServers } = read({ SPILLWAY_STATIC_ICE_SERVERS: '[{"urls":["stun:s.example.org?transport=udp","turn:t.example.org:53"],"username":"u","credential":"c"}]' })
  t.same(staticIceServers, [{ urls: ['stun:s.example.org'], username: 'u', credential: 'c' }])
})

t.test('every mistake is named at once', async t => {
  const mistake = t.throws(() => read({
    SPILLWAY_PROVIDER_ORDER: 'coturn,coturn,metered', SPILLWAY_STUN_URLS: 'turn:x', SPILLWAY_CONTROL_PLANE_PORT: 'x', SPILLWAY_STATIC_ICE_SERVERS: '{"urls":"turn:no-list"}'
  })) as Error
  for (const part of [/no provider "metered"/, /twice/, /SPILLWAY_STUN_URLS/, /SPILLWAY_CONTROL_PLANE_PORT/, /SPILLWAY_STATIC_ICE_SERVERS/]) t.match(mistake.message, part)
})

t.test('a static list that is no list, or holds nothing a browser takes, is refused', async t => {
  for (const json of ['nonsense', '[]', '[null]', '[{"urls":["turn:no-credential"]}]', '[{"urls":["stuns:s"]}]', '42']) {
    t.throws(() => read({ SPILLWAY_STATIC_ICE_SERVERS: json }), { name: 'ConfigError' }, json)
  }
})

const CLOUDFLARE = { CLOUDFLARE_TURN_KEY_ID: 'key', CLOUDFLARE_API_TOKEN: 'token' }
const TWILIO = { TWILIO_ACCOUNT_SID: 'AC01', TWILIO_AUTH_TOKEN: 'token' }

t.test('a paid provider with its settings takes its place in the order', async t => {
  t.same(available({ ...CLOUDFLARE, ...TWILIO }), ['coturn', 'cloudflare', 'twilio', 'stun'])
  t.same(available({ ...CLOUDFLARE, ...TWILIO, SPILLWAY_PROVIDER_ORDER: 'twilio,coturn' }), ['twilio', 'coturn'])
  t.same(available(CLOUDFLARE), ['coturn', 'cloudflare', 'stun'])
})

t.test('where the paid providers are asked, and as whom', async t => {
  t.match(read({ ...CLOUDFLARE, ...TWILIO }), {
    cloudflare: { keyId: 'key', apiToken: 'token', baseUrl: 'https://rtc.live.cloudflare.com' },
    twilio: { accountSid: 'AC01', username: 'AC01', password: 'token', baseUrl: 'https://api.twilio.com' },
    paidShareSeconds: 0
  })
  t.match(read({ TWILIO_ACCOUNT_SID: 'AC01', TWILIO_API_KEY: 'SK01', TWILIO_API_SECRET: 'word', TWILIO_API_BASE_URL: 'http://127.0.0.1:1', SPILLWAY_PAID_SHARE_SECONDS: '30' }), {
    cloudflare: undefined,
    twilio: { accountSid: 'AC01', username: 'SK01', password: 'word', baseUrl: 'http://127.0.0.1:1' },
    paidShareSeconds: 30
  })
})

t.test('plain http goes no further than this machine', async t => {
  const ask = (url: string): string[] => [...checkUpstreamSettings({ ...CLOUDFLARE, CLOUDFLARE_TURN_BASE_URL: url }), ...checkBillsSettings({ CLOUDFLARE_ANALYTICS_BASE_URL: url })]
  for (const url of ['https://example.org', 'https://10.0.0.1:8443/x', 'http://127.0.0.1:8090', 'http://127.9.9.9', 'http://[::1]:1/x', 'http://localhost:8090', 'http://LOCALHOST']) t.same(ask(url), [], url)
  for (const url of ['http://example.org', 'http://10.0.0.1', 'http://192.168.1.2:8090', 'http://localhost.example.org', 'http://127.0.0.1.nip.io', 'http://[::2]', 'http://0.0.0.0', 'http://fakes:8090']) {
    t.match(ask(url), [/^CLOUDFLARE_TURN_BASE_URL /, /^CLOUDFLARE_ANALYTICS_BASE_URL /], url)
  }
})

t.test('half an account of a paid provider is a mistake that names what is missing', async t => {
  const { CLOUDFLARE_TURN_KEY_ID, CLOUDFLARE_API_TOKEN } = CLOUDFLARE
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = TWILIO
  const mistakes: Array<[settings: Record<string, string>, message: RegExp]> = [
    [{ CLOUDFLARE_TURN_KEY_ID }, /CLOUDFLARE_API_TOKEN is not set/],
    [{ CLOUDFLARE_API_TOKEN }, /CLOUDFLARE_TURN_KEY_ID is not set/],
    [{ TWILIO_ACCOUNT_SID }, /neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY/],
    [{ TWILIO_AUTH_TOKEN }, /TWILIO_ACCOUNT_SID is not set/],
    [{ TWILIO_ACCOUNT_SID, TWILIO_API_KEY: 'SK1' }, /TWILIO_API_SECRET is not set/],
    [{ TWILIO_ACCOUNT_SID, TWILIO_API_SECRET: 'word' }, /TWILIO_API_KEY is not set/],
    [{ ...TWILIO, TWILIO_API_KEY: 'SK1', TWILIO_API_SECRET: 'word' }, /both set: keep one/],
    [{ ...TWILIO, TWILIO_ACCOUNT_SID: 'SK1' }, /TWILIO_ACCOUNT_SID .*begins with AC/],
    [{ ...CLOUDFLARE, CLOUDFLARE_TURN_KEY_ID: 'a/../b' }, /CLOUDFLARE_TURN_KEY_ID/],
    [{ ...CLOUDFLARE, CLOUDFLARE_API_TOKEN: 'a\nb' }, /CLOUDFLARE_API_TOKEN/],
    [{ ...CLOUDFLARE, CLOUDFLARE_TURN_BASE_URL: 'https://user:pass@example.org' }, /CLOUDFLARE_TURN_BASE_URL/],
    [{ ...TWILIO, TWILIO_API_BASE_URL: 'api.twilio.com' }, /TWILIO_API_BASE_URL/],
    [{ ...TWILIO, TWILIO_API_BASE_URL: 'http://api.twilio.com' }, /TWILIO_API_BASE_URL .*in the clear: use https/],
    [{ ...CLOUDFLARE, CLOUDFLARE_TURN_BASE_URL: 'HTTP://127.0.0.1.example.org' }, /CLOUDFLARE_TURN_BASE_URL/],
    [{ ...TWILIO, SPILLWAY_PAID_SHARE_SECONDS: '61' }, /SPILLWAY_PAID_SHARE_SECONDS/]
  ]
  for (const [settings, message] of mistakes) {
    const mistake = t.throws(() => read(settings), { name: 'ConfigError' }, JSON.stringify(settings)) as Error
    t.match(mistake.message, message)
    t.notMatch(mistake.message, /word|pass@/, 'and repeats no secret')
  }
})
