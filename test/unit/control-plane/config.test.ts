import t from 'tap'
import { checkProviderSettings, ControlPlaneConfig, readProviderSettings } from '../../../services/control-plane/config.ts'
import { createProviders } from '../../../services/control-plane/providers/index.ts'
import { loadConfig } from '../../../services/runtime/load-config.ts'
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
