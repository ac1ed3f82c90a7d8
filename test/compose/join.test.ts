import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { callersOf, expectExact, release, startCalls, talk } from '../helpers/calls.ts'
import { PUBLIC_ADDRESS, startComposeStack, UNCOUNTED_CHALLENGE } from '../helpers/compose-stack.ts'
import { CENTRE_NAME, secondMachine } from '../helpers/joined-machine.ts'
import { callBetween, connectAsNode, expectJoins, expectOwnKeysOnly, expectRevokedAtOnce, expectTokensRefused, newToken, relayFor } from '../helpers/joined-node.ts'
import { REGION_CANARY } from '../helpers/search-logs.ts'

// The centre with its profile tls: the name is one of a private network, for which Caddy is its own authority.
const stack = await startComposeStack(t, { COMPOSE_PROFILES: 'tls', SPILLWAY_API_DOMAIN: CENTRE_NAME, SPILLWAY_TLS_HOST: PUBLIC_ADDRESS, SPILLWAY_CENTRAL_REDIS_ADDRESS: PUBLIC_ADDRESS })
const centralCa = join(stack.folder, 'caddy-ca.pem')
await writeFile(centralCa, await stack.compose('exec', '-T', 'proxy-tls', 'cat', '/data/caddy/pki/authorities/local/root.crt'))
// Own network and addresses: another network namespace with another Docker engine, and a wire between the two.
const machine = await secondMachine(stack, centralCa)
const joining = { machine, node: 'far-1', other: 'node-1', region: 'far', key: await stack.createApp('shop'), from: PUBLIC_ADDRESS }
const centralRedis = { host: PUBLIC_ADDRESS, port: stack.ports.redis }
const token = await newToken(stack, { node: 'far-1', region: 'far' })
const UNHEARD = { unheard: 'its Redis is on another machine' }

t.test('a second compose project joins and takes calls within half a minute, which are booked to the byte', async t => {
  const built = await machine.compose('build', '--quiet')
  t.match(built, { code: 0 }, 'once there are images')
  const { a, b } = await expectJoins(t, stack, joining, token)
  await release([a, b])
  await expectExact(t, stack, 'shop', [a, b], UNHEARD, 'through the joined node', UNCOUNTED_CHALLENGE)
  const { stdout } = await machine.compose('ps', '--format', 'json')
  const services = stdout.split('\n').filter(Boolean).map(line => JSON.parse(line)).map(({ Service, Health }) => `${Service} ${Health}`)
  t.same(services.sort(), ['coturn healthy', 'node-redis healthy', 'relay-agent healthy'])
  t.notOk((await stack.containers()).some(({ Name }) => Name.includes('node-coturn')), 'in an engine of its own')
})

t.test('the relays of the two machines let their clients through to each other', async t => {
  const key = await stack.createApp('between')
  const near = await relayFor(stack, { key, region: REGION_CANARY }, 'near')
  const far = await relayFor(stack, { ...joining, key }, 'far')
  const { a, b } = await callBetween(stack, [near, far], PUBLIC_ADDRESS)
  t.same([a.host, b.host], [PUBLIC_ADDRESS, machine.relayIp])
  await release([a, b])
  await expectExact(t, stack, 'between', [a, b], UNHEARD, 'by both relays', UNCOUNTED_CHALLENGE)
})

t.test('its token opens nothing a second time, nor does one that is late', async t => {
  const next = await secondMachine(stack, centralCa)
  const wrong = await next.script('join', ['--central', 'https://192.0.2.1'], { SPILLWAY_JOIN_TOKEN: token, SPILLWAY_UID: 'root' })
  t.match(wrong, { code: 2, stderr: /SPILLWAY_UID takes/ }, 'what is wrong with the machine itself is said before a token is spent')
  await expectTokensRefused(t, stack, next.join, token)
  t.match(await machine.join(await newToken(stack)), { code: 2, stderr: /is far-1 of .* already.*\.\/scripts\/down/ }, 'a machine is one node')
})

t.test('its login at the central Redis opens its own keys', async t => {
  const redis = await connectAsNode(joining, centralRedis)
  t.teardown(() => { redis.disconnect() })
  await expectOwnKeysOnly(t, redis, joining)
})

t.test('revoked alone, it is out within 10 s, and the other serves on', async t => {
  const key = await stack.createApp('stays', { regions: [REGION_CANARY] })
  const calls = await startCalls(stack, key, 2)
  const enough = new AbortController()
  const talking = (async () => { while (!enough.signal.aborted) await talk(calls, 20) })()
  await expectRevokedAtOnce(t, stack, joining, centralRedis)
  enough.abort()
  await talking
  const more = await startCalls(stack, key, 1)
  await talk(more, 20)
  t.match(await relayFor(stack, joining, 'other'), { urls: [new RegExp(`:${PUBLIC_ADDRESS}:`)] })
  await release(callersOf([...calls, ...more]))
  await expectExact(t, stack, 'stays', callersOf([...calls, ...more]), UNHEARD, 'on the other node', UNCOUNTED_CHALLENGE)
})

t.test('down -v on that machine leaves nothing of it', async t => {
  t.equal((await machine.script('down', ['-v'])).code, 0)
  for (const [what, ...args] of [['containers', 'ps', '--all'], ['volumes', 'volume', 'ls']] as const) {
    t.equal((await machine.execute('docker', [...args, '--quiet'])).stdout.trim(), '', what)
  }
})
