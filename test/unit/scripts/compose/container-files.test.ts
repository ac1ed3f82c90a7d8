import t from 'tap'
import { coturnInput } from '../../../../scripts/compose/container-files.ts'

const passwords = { coturn: 'of-redis', cli: 'of-the-cli' }

t.test("coturn is given its own passwords as files, and none of the caller's in its environment", async t => {
  const own = { SPILLWAY_COTURN_REDIS_PASSWORD: 'secret', SPILLWAY_COTURN_CLI_PASSWORD: 'secret', SPILLWAY_COTURN_CLI_PASSWORD_FILE: '/secret', SPILLWAY_NODE_KEY: 'secret', SPILLWAY_TWILIO_AUTH_TOKEN: 'secret', SPILLWAY_NODE_USER_QUOTA: '32' }
  t.same(coturnInput(own, { SPILLWAY_NODE_ID: 'n1' }, '/run/tls/key.pem', passwords), {
    files: { 'redis-password': 'of-redis', 'cli-password': 'of-the-cli' },
    environment: { SPILLWAY_NODE_USER_QUOTA: '32', SPILLWAY_NODE_ID: 'n1', SPILLWAY_COTURN_TLS_KEY: '/run/tls/key.pem' }
  })
})

t.test('a setting that would break out of its line is refused by name', async t => {
  for (const value of ["10.0.0.1'", '10.0.0.1\nSPILLWAY_COTURN_ALLOW_UNSAFE=1']) {
    t.throws(() => coturnInput({ SPILLWAY_NODE_ALLOWED_PEERS: value }, {}, undefined, passwords), { message: /SPILLWAY_NODE_ALLOWED_PEERS/ })
  }
})
