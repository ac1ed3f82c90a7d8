import t from 'tap'
import { readSettings } from '../../../scripts/native/settings.ts'
import { describeStack } from '../../../scripts/native/stack.ts'

const SECRETS_OF_PROVIDERS = { TWILIO_AUTH_TOKEN: 'twilio', CLOUDFLARE_API_TOKEN: 'cloudflare', SPILLWAY_STATIC_ICE_SERVERS: '[]' }
const describe = (environment: Record<string, string>, ...args: string[]) => {
  const { shared, nodes } = describeStack(readSettings(args, environment, '/repository'), '/repository')
  return new Map([...shared, ...nodes.flatMap(({ parts }) => parts)].map(part => [part.name, part]))
}

t.test("a provider's secret goes to the control plane, to the ledger where a bill is read with it, and nowhere else", async t => {
  const parts = [...describe(SECRETS_OF_PROVIDERS)]
  const holders = (secret: string) => parts.filter(([, { environment }]) => secret in environment).map(([name]) => name)
  t.same(holders('TWILIO_AUTH_TOKEN'), ['control-plane', 'ledger'])
  for (const secret of ['CLOUDFLARE_API_TOKEN', 'SPILLWAY_STATIC_ICE_SERVERS']) t.same(holders(secret), ['control-plane'], secret)
})

t.test('no part carries a secret in its environment: they come as files', async t => {
  for (const [name, { environment }] of describe({ SPILLWAY_MASTER_KEY: 'm', SPILLWAY_ADMIN_TOKEN: 'a', SPILLWAY_NODE_KEY: 'k', SPILLWAY_REDIS_URL: 'redis://:p@h' })) {
    for (const secret of ['SPILLWAY_MASTER_KEY', 'SPILLWAY_ADMIN_TOKEN', 'SPILLWAY_NODE_KEY', 'SPILLWAY_REDIS_URL']) t.notOk(secret in environment, `${name} ${secret}`)
  }
})

t.test('the master key is for control plane and ledger only, the admin token for the control plane', async t => {
  const parts = [...describe({}, '--nodes', '2')]
  const holders = (setting: string) => parts.filter(([, { environment }]) => setting in environment).map(([name]) => name)
  t.same(holders('SPILLWAY_MASTER_KEY_FILE'), ['control-plane', 'ledger'])
  t.same(holders('SPILLWAY_ADMIN_TOKEN_FILE'), ['control-plane'])
  t.same(holders('SPILLWAY_NODE_KEY_FILE'), ['node-1-relay-agent', 'node-2-relay-agent'])
})

t.test('a node says the ports its coturn listens on', async t => {
  const agent = describe({ SPILLWAY_COTURN_PORT: '443' }).get('node-1-relay-agent')
  t.match(agent?.environment, { SPILLWAY_COTURN_PORT: '443', SPILLWAY_NODE_RELAY_IP: '127.0.1.1' })
})

t.test('with fakes the control plane has their accounts and nothing of a real one', async t => {
  const own = { TWILIO_ACCOUNT_SID: 'ACreal', TWILIO_AUTH_TOKEN_FILE: '/real', TWILIO_API_KEY: 'SKreal', TWILIO_API_SECRET: 'real', CLOUDFLARE_API_TOKEN: 'real', TWILIO_REGION: 'real', SPILLWAY_FAKE_TWILIO_PORT: '9001' }
  t.notOk(describe(own).has('fake-providers'), 'only where they are asked for')
  t.match(describe(own).get('control-plane')?.environment, { TWILIO_ACCOUNT_SID: 'ACreal', TWILIO_AUTH_TOKEN_FILE: '/real' })
  const parts = describe(own, '--fake-providers')
  t.ok(parts.has('fake-providers'))
  const { environment = {} } = parts.get('control-plane') ?? {}
  t.match(environment, { TWILIO_API_BASE_URL: 'http://127.0.0.1:9001', CLOUDFLARE_TURN_BASE_URL: 'http://127.0.0.1:8090' })
  t.same(Object.entries(environment).filter(([, value]) => value.includes('real')), [])
})
