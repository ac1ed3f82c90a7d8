import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { callerOf, connectClient, expectExact, release, talk } from '../helpers/calls.ts'
import { showNode, untilState } from '../helpers/fleet.ts'
import { newMachine } from '../helpers/joined-machine.ts'
import { startStack } from '../helpers/stack.ts'

const CENTRE = '127.0.123.100'
const stack = await startStack(t, { slot: 23, environment: { SPILLWAY_CENTRAL_REDIS_ADDRESS: CENTRE } })
const machine = await newMachine(stack, 1)
const key = await stack.createApp('shop')
const newToken = async (body: Record<string, unknown> = {}): Promise<string> => (await stack.admin('POST', '/join-tokens', body)).body.token
const farFrom = async (user: string) => (await stack.issue(key, { user, room: 'one', region: 'far' })).body.iceServers[0]
const isOffered = async (): Promise<boolean> => String((await farFrom('anyone')).urls).includes(machine.relayIp)
const token = await newToken({ node: 'far-1', region: 'far' })

t.test('another machine joins and takes calls within 15 s, which are booked to the byte', async t => {
  const startedMs = performance.now()
  const joined = await machine.join(token)
  t.match(joined, { code: 0, stdout: /node far-1 of http:.* relays on 127\.0\.123\.51:/ }, joined.stderr)
  await until('it is handed out', isOffered, 30_000, 100)
  const entries = [await farFrom('a'), await farFrom('b')]
  const [a, b] = await Promise.all(entries.map(async entry => {
    const client = await connectClient(entry)
    stack.closers.push(async () => { await client.close() })
    await client.allocate()
    return callerOf(client, entry)
  }))
  if (!a || !b) return t.fail('no call')
  await talk([{ a, b }], 50)
  const tookMs = performance.now() - startedMs
  t.ok(tookMs < 15_000, `calls after ${Math.round(tookMs)} ms`)
  t.equal(a.host, machine.relayIp)
  await release([a, b])
  await expectExact(t, stack, 'shop', [a, b], { unheard: 'its Redis is on another machine' }, 'through the joined node')
  t.match((await stack.admin('GET', '/usage?app=shop&by=node')).body.rows, [{ key: 'far-1' }])
})

t.test('its token opens nothing a second time, nor does one that is late', async t => {
  const other = await newMachine(stack, 2)
  t.match(await other.join(token), { code: 1, stderr: /join_token_used/ })
  const late = await newToken({ ttlSeconds: 1 })
  await until('it is late', async () => (await stack.admin('GET', '/join-tokens')).body.joinTokens[0].state === 'expired')
  t.match(await other.join(late), { code: 1, stderr: /join_token_expired/ })
  t.match(await other.script('join', ['--native', '--central', stack.api, '--token', 'jt_x']), { code: 2, stderr: /command line/ })
  t.match(await other.script('join', ['--native', '--central', 'http://198.51.100.1']), { code: 2, stderr: /https/ }, 'never in clear to another machine')
  t.same((await stack.admin('GET', '/nodes')).body.nodes.map(({ id }: { id: string }) => id), ['far-1', 'node-1'])
})

t.test('its login at the central Redis opens its own keys, over TLS alone', async t => {
  const redis = new Redis({ host: CENTRE, port: stack.ports.redis, username: 'relay-far-1', password: await machine.read('nodes', 'far-1', 'central-password'), tls: { ca: await machine.read('nodes', 'far-1', 'central-ca.pem') } })
  t.teardown(() => { redis.disconnect() })
  t.match(await redis.get('desired:far-1'), /generations/)
  for (const command of [['get', 'desired:node-1'], ['get', 'observed:node-1'], ['xadd', 'usage:node-1', '*', 'a', 'b'], ['hgetall', 'apps'], ['hgetall', 'app-keys'], ['set', 'desired:far-1', '{}'], ['acl', 'users']]) {
    const [name = '', ...args] = command
    await t.rejects(redis.call(name, ...args), { message: /NOPERM/ }, command.join(' '))
  }
  const plain = connect(stack.ports.redis, CENTRE)
  await once(plain, 'connect')
  plain.write('PING\r\n')
  const answer = await new Promise<string>(resolve => {
    plain.once('data', data => { resolve(data.toString('latin1')) })
    for (const event of ['error', 'close']) plain.once(event, () => { resolve('') })
  })
  t.notMatch(answer, /PONG|NOAUTH/, 'who does not speak TLS is not spoken to')
  plain.destroy()
})

t.test('what it keeps is for its owner alone, and no log holds a secret', async t => {
  const names = ['key', 'central-password', 'agent-password', 'coturn-password', 'cli-password']
  t.equal((await stat(machine.folder)).mode & 0o077, 0)
  for (const name of names) t.equal((await stat(`${machine.folder}/nodes/far-1/${name}`)).mode & 0o177, 0, name)
  const [logs, ...secrets] = await Promise.all([machine.logs(), ...names.map(async name => await machine.read('nodes', 'far-1', name))])
  t.match(logs, /relay-agent runs/)
  t.same([...secrets, token].filter(secret => logs.includes(secret)), [])
  for (const secret of secrets) stack.secrets.add(secret)
  stack.secrets.add(token)
})

t.test('it is stopped and started again by itself, without a token', async t => {
  t.equal((await machine.script('down', [])).code, 0)
  await untilState(stack, 'far-1', ['unready', 'down'])
  const again = await machine.script('join', ['--native'])
  t.equal(again.code, 0, again.stderr)
  await untilState(stack, 'far-1', 'up')
})

t.test('revoked alone, it is out within 10 s, and the rest serves on', async t => {
  await until('it is handed out', isOffered, 30_000)
  const redis = new Redis({ host: CENTRE, port: stack.ports.redis, username: 'relay-far-1', password: await machine.read('nodes', 'far-1', 'central-password'), tls: { ca: await machine.read('nodes', 'far-1', 'central-ca.pem') }, retryStrategy: () => null })
  redis.on('error', () => {})
  t.teardown(() => { redis.disconnect() })
  await redis.ping()
  const ended = once(redis, 'end')
  const startedMs = performance.now()
  t.equal((await stack.admin('DELETE', '/nodes/far-1?force=true')).status, 204)
  await ended
  await until('it is in no credential', async () => !await isOffered(), 15_000, 100)
  const tookMs = performance.now() - startedMs
  t.ok(tookMs < 10_000, `out after ${Math.round(tookMs)} ms`)
  t.equal((await showNode(stack, 'node-1')).state, 'up')
  t.match(await farFrom('other'), { urls: [/127\.0\.123\.1:/] })
})

t.test('no log of this run holds a secret', stack.searchLogs)
