import t from 'tap'
import { startOwnProcess } from '../helpers/own-process.ts'
import { startRedisServer } from '../helpers/redis-server.ts'

const MASTER_KEY = 'm'.repeat(40)
const PROCESSES = [
  { name: 'control-plane', settings: { SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_ADMIN_TOKEN: 'a'.repeat(20), SPILLWAY_CONTROL_PLANE_PORT: '0', SPILLWAY_CONTROL_PLANE_OPS_PORT: '0' } },
  { name: 'ledger', settings: { SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_LEDGER_OPS_PORT: '0' } },
  { name: 'prober', settings: { SPILLWAY_PROBER_OPS_PORT: '0' } },
  { name: 'relay-agent', settings: { SPILLWAY_NODE_ID: 'eu-1', SPILLWAY_NODE_KEY: 'k'.repeat(43), SPILLWAY_NODE_REDIS_URL: 'redis://127.0.0.1:1', SPILLWAY_NODE_RELAY_IP: '127.0.0.1', SPILLWAY_COTURN_CLI_PASSWORD: 'p', SPILLWAY_RELAY_AGENT_OPS_PORT: '0' } }
] as const

const newer = await startRedisServer(t, { variant: 'central' })
await (await newer.connect()).set('layout', '99')

t.test('no process works on keys of a newer version: it says so and ends', async t => {
  await Promise.all(PROCESSES.map(async ({ name, settings }) => {
    const own = startOwnProcess(t, name, { SPILLWAY_REDIS_URL: newer.url(), ...settings })
    t.equal(await own.exit(25_000), 1, name)
    t.match(own.said.stdout, /"level":60,[^\n]*laid out as \\"99\\", and this version knows 1 at most: a newer one was here/, name)
  }))
  t.same(await (await newer.connect()).keys('*'), ['layout'], 'and has written nothing')
})

t.test('the control plane numbers what has no number, and ends when a newer Redis takes the place', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  const { name, settings } = PROCESSES[0]
  const own = startOwnProcess(t, name, { SPILLWAY_REDIS_URL: server.url(), ...settings })
  await own.started()
  t.equal(await redis.get('layout'), '1')
  await redis.set('layout', '2')
  await server.restart()
  t.equal(await own.exit(15_000), 1)
  t.match(own.said.stdout, /laid out as \\"2\\"/)
})
