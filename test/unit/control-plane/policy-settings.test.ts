import t from 'tap'
import { checkSettings, ControlPlaneConfig } from '../../../services/control-plane/config.ts'
import { readPolicy } from '../../../services/control-plane/policy-settings.ts'
import { DEFAULT_POLICY } from '../../../services/policy/settings.ts'
import { loadConfig } from '../../../services/runtime/load-config.ts'

const read = (environment: Record<string, string> = {}) => readPolicy(loadConfig(ControlPlaneConfig, {
  SPILLWAY_REDIS_URL: 'redis://127.0.0.1', SPILLWAY_MASTER_KEY: 'm'.repeat(40), SPILLWAY_ADMIN_TOKEN: 'a'.repeat(20), ...environment
}, checkSettings))
const mistake = (environment: Record<string, string>): string => (t.throws(() => read(environment), { name: 'ConfigError' }) as Error).message

t.test('what is not set is as the policy has it by itself', async t => t.same(read(), DEFAULT_POLICY))

t.test('what is set holds, seconds as ms', async t => {
  t.same(read({
    SPILLWAY_POLICY_ENTER: '0.8', SPILLWAY_POLICY_LEAVE: '0.5', SPILLWAY_POLICY_DWELL_SECONDS: '1.5', SPILLWAY_POLICY_RAMP_SECONDS: '0', SPILLWAY_DEFAULT_REGION: 'eu', SPILLWAY_REGION_NEIGHBOURS: '{"eu":["us","ap"],"us":[]}'
  }), { enter: 0.8, leave: 0.5, dwellMs: 1500, rampMs: 0, defaultRegion: 'eu', neighbours: new Map([['eu', ['us', 'ap']], ['us', []]]) })
})

t.test('every mistake is named', async t => {
  t.match(mistake({ SPILLWAY_POLICY_ENTER: '0.7' }), /SPILLWAY_POLICY_LEAVE must be below SPILLWAY_POLICY_ENTER/)
  t.match(mistake({ SPILLWAY_POLICY_LEAVE: '0.9', SPILLWAY_POLICY_RAMP_SECONDS: '-1', SPILLWAY_DEFAULT_REGION: 'E U' }), /RAMP_SECONDS[^]*DEFAULT_REGION[^]*POLICY_LEAVE must be below/, 'all at once')
  for (const json of ['eu:us', '[]', 'null', '"eu"', '{"eu":"us"}', '{"eu":["US"]}', '{"e u":["us"]}', '{"eu":["us","us"]}', '{"eu":["eu"]}', '{"eu":[1]}']) {
    t.match(mistake({ SPILLWAY_REGION_NEIGHBOURS: json }), /SPILLWAY_REGION_NEIGHBOURS must be a JSON object like/, json)
  }
  t.match(mistake({ SPILLWAY_REGION_HEADER: 'x-region' }), /SPILLWAY_REGION_HEADER is believed from SPILLWAY_TRUSTED_PROXIES only/)
  t.match(mistake({ SPILLWAY_REGION_HEADER: 'x region', SPILLWAY_TRUSTED_PROXIES: '10.0.0.1' }), /SPILLWAY_REGION_HEADER/)
  t.ok(read({ SPILLWAY_REGION_HEADER: 'x-region', SPILLWAY_TRUSTED_PROXIES: '10.0.0.1' }))
})
