import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { expectExact, release } from '../helpers/calls.ts'
import { showNode, untilState } from '../helpers/fleet.ts'
import { newMachine } from '../helpers/joined-machine.ts'
import { connectAsNode, expectJoins, expectOwnKeysOnly, expectRevokedAtOnce, expectTokensRefused, newToken, relayFor } from '../helpers/joined-node.ts'
import { startStack } from '../helpers/stack.ts'

const CENTRE = '127.0.123.100'
const stack = await startStack(t, { slot: 23, environment: { SPILLWAY_CENTRAL_REDIS_ADDRESS: CENTRE } })
const machine = await newMachine(stack, 1)
const joining = { machine, node: 'far-1', other: 'node-1', region: 'far', key: await stack.createApp('shop') }
const centralRedis = { host: CENTRE, port: stack.ports.redis }
const token = await newToken(stack, { node: 'far-1', region: 'far' })

t.test('another machine joins and takes calls within half a minute, which are booked to the byte', async t => {
  const { a, b } = await expectJoins(t, stack, joining, token)
  await release([a, b])
  await expectExact(t, stack, 'shop', [a, b], { unheard: 'its Redis is on another machine' }, 'through the joined node')
  t.match((await stack.admin('GET', '/usage?app=shop&by=node')).body.rows, [{ key: 'far-1' }])
})

t.test('its token opens nothing a second time, nor does one that is late', async t => {
  const other = await newMachine(stack, 2)
  await expectTokensRefused(t, stack, other.join, token)
  t.match(await other.script('join', ['--native', '--central', stack.api, '--token', 'jt_x']), { code: 2, stderr: /command line/ })
  t.match(await other.script('join', ['--native', '--central', 'http://198.51.100.1']), { code: 2, stderr: /https/ }, 'never in clear to another machine')
})

t.test('its login at the central Redis opens its own keys, over TLS alone', async t => {
  const redis = await connectAsNode(joining, centralRedis)
  t.teardown(() => { redis.disconnect() })
  await expectOwnKeysOnly(t, redis, joining)
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
  await expectRevokedAtOnce(t, stack, joining, centralRedis)
  t.equal((await showNode(stack, 'node-1')).state, 'up')
  t.match(await relayFor(stack, joining, 'other'), { urls: [/127\.0\.123\.1:/] })
})

t.test('no log of this run holds a secret', stack.searchLogs)
