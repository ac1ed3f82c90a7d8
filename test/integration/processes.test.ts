import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { PROCESSES, startOwnProcess } from '../helpers/own-process.ts'
import type { ProcessName } from '../helpers/own-process.ts'
import { startRedisServer } from '../helpers/redis-server.ts'

const MASTER_KEY = 'm'.repeat(40)
/** Well below the 10 s after which a process gives up stopping in good order. */
const STOP_MS = 5_000

const ask = async (port: number | undefined, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, body: await response.json() as any }
}

/** What a request is answered that does not say which host it is for. */
async function askWithoutHost (port: number | undefined): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 })
  socket.write('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')
  return await text(socket)
}

/** A client that has been answered and keeps its connection. */
async function keepConnection (t: Test, port: number | undefined): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  socket.write('GET /healthz HTTP/1.1\r\nHost: spillway\r\nConnection: keep-alive\r\n\r\n')
  const [answer] = await once(socket, 'data') as [Buffer]
  t.match(answer.toString(), /^HTTP\/1\.1 [24]/)
  return socket
}

const central = [
  { name: 'control-plane', settings: { SPILLWAY_ADMIN_TOKEN: 'a'.repeat(20), SPILLWAY_CONTROL_PLANE_PORT: '0', SPILLWAY_CONTROL_PLANE_OPS_PORT: '0' } },
  { name: 'ledger', settings: { SPILLWAY_LEDGER_OPS_PORT: '0' } },
  { name: 'prober', settings: { SPILLWAY_PROBER_OPS_PORT: '0' } }
] as const

for (const { name, settings } of central) {
  t.test(`${name} without a Redis is not ready and says why, is ready as soon as there is one, and stops at once`, async t => {
    const server = await startRedisServer(t, { variant: 'central' })
    await server.stop()
    const own = startOwnProcess(t, name, { SPILLWAY_REDIS_URL: server.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, ...settings })
    const { ops, api } = await own.started()

    const readiness = await ask(ops?.port, '/readyz')
    t.match(readiness, { status: 503, body: { status: 'not ready', missing: { redis: /does not answer/ } } })
    t.match(await ask(ops?.port, '/healthz'), { status: 200, body: { status: 'ok' } }, 'it lives all the same')
    t.match(await askWithoutHost(ops?.port), /^HTTP\/1\.1 400 /, 'RFC 9112, section 3.2')
    if (api) {
      const answer = await fetch(`http://127.0.0.1:${api.port}/v1/credentials`, { method: 'POST', headers: { authorization: 'Bearer sk_any' } })
      t.equal(answer.status, 503)
      t.match(await answer.json(), { code: 'not_ready' })
    }

    await server.start()
    await until('it is ready', async () => (await ask(ops?.port, '/readyz')).status === 200)
    t.same((await ask(ops?.port, '/readyz')).body, { status: 'ready', missing: {}, degraded: {} })
    t.ok(own.running, 'and was not restarted for it')
    // only now is the key looked up
    if (api) t.equal((await fetch(`http://127.0.0.1:${api.port}/v1/credentials`, { method: 'POST', headers: { authorization: 'Bearer sk_any' } })).status, 401)

    await Promise.all([ops, api].flatMap(address => address ? [keepConnection(t, address.port)] : []))
    own.terminate()
    t.equal(await own.exit(STOP_MS), 0)
    t.equal(own.said.stderr, '')
  })
}

t.test('a process whose Redis never came stops as well', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  await server.stop()
  for (const { name, settings } of central) {
    const own = startOwnProcess(t, name, { SPILLWAY_REDIS_URL: server.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, ...settings })
    await own.started()
    own.terminate()
    t.equal(await own.exit(STOP_MS), 0, name)
  }
})

/** Settings that are wrong, beside all that are missing; none of the values may be repeated: it could be a secret. */
const mistakes: Record<ProcessName, Record<string, string>> = {
  'control-plane': { SPILLWAY_MASTER_KEY: 'hunter2', SPILLWAY_ADMIN_TOKEN: 'hunter2', SPILLWAY_CONTROL_PLANE_PORT: 'hunter2', SPILLWAY_PROVIDER_ORDER: 'coturn,coturn', SPILLWAY_STUN_URLS: 'turn:x' },
  ledger: { SPILLWAY_MASTER_KEY: 'hunter2', SPILLWAY_LEDGER_OPS_PORT: '70000' },
  prober: { SPILLWAY_PROBER_NAME: 'No Such Name', SPILLWAY_PROBER_OPS_PORT: '70000', SPILLWAY_PROBER_REFERENCE_URLS: 'turn:x' },
  'relay-agent': { SPILLWAY_NODE_ID: 'No Such Name', SPILLWAY_NODE_KEY: 'hunter2', SPILLWAY_NODE_CAPACITY_MBPS: '0', SPILLWAY_COTURN_CLI_PORT: 'hunter2' }
}
const missing: Record<ProcessName, string[]> = {
  'control-plane': ['SPILLWAY_REDIS_URL'],
  ledger: ['SPILLWAY_REDIS_URL'],
  prober: ['SPILLWAY_REDIS_URL'],
  'relay-agent': ['SPILLWAY_REDIS_URL', 'SPILLWAY_NODE_REDIS_URL', 'SPILLWAY_NODE_RELAY_IP', 'SPILLWAY_COTURN_CLI_PASSWORD']
}
for (const name of PROCESSES) {
  t.test(`${name} names all mistakes of its configuration in one message and ends with 2`, async t => {
    const own = startOwnProcess(t, name, { ...mistakes[name], SPILLWAY_LOG_LEVEL: 'bogus' })
    t.equal(await own.exit(15_000), 2)
    const { stdout, stderr } = own.said
    t.equal(stdout, '', 'nothing has started')
    t.equal(stderr.match(/The configuration cannot be used/g)?.length, 1, 'one message')
    for (const wrong of [...Object.keys(mistakes[name]), ...missing[name], 'SPILLWAY_LOG_LEVEL']) t.match(stderr, new RegExp(`^ {2}- ${wrong}\\b`, 'm'), wrong)
    t.notMatch(stderr, /hunter2|^ {4}at /m, 'no value and no stack trace')
  })
}
