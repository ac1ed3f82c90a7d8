import t from 'tap'
import type { TurnClient } from '../../services/turn/turn-client.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import { until } from '../../scripts/until.ts'
import { callersOf, connectClient, countsOf, expectExact, ledgerSessions, release, startCall, talk } from '../helpers/calls.ts'
import type { LedgerSession } from '../helpers/calls.ts'
import { sum, tagOf } from '../helpers/counts.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 5, nodes: 2 })
const witness = await listenToCoturn(t, stack)

t.test('a reply names both nodes, each with its own password', async t => {
  const key = await stack.createApp('reply')
  await until('both nodes are up', async () => (await stack.issue(key)).body.iceServers.length === 2)
  const { body } = await stack.issue(key, { user: 'someone' })
  const [first, second] = body.iceServers
  t.equal(first.username, second.username)
  t.not(first.credential, second.credential)
  const urls = body.iceServers.flatMap(({ urls }: { urls: string[] }) => urls)
  t.ok(urls.length <= 4, `${urls.length} URLs`)
  t.same({ username: body.username, password: body.password, uris: body.uris }, { username: first.username, password: first.credential, uris: first.urls })
})

t.test('clients of one room meet on one node', async t => {
  const key = await stack.createApp('rooms')
  for (const room of ['a', 'b', 'c', 'd']) {
    const hosts = await Promise.all(['x', 'y', 'z'].map(async user => (await stack.issue(key, { user, room })).body.uris[0]))
    t.equal(new Set(hosts).size, 1, room)
  }
})

t.test('the same user and allocation id on two nodes are two rows', async t => {
  const key = await stack.createApp('same-user')
  const { body } = await stack.issue(key, { user: 'one' })
  const tag = tagOf(body.username)
  // coturn numbers allocations by relay thread, and the port of a client says which thread has it: sooner or later a
  // number comes up on both nodes
  const callers: Array<{ node: string, client: TurnClient }> = []
  const allocationsOf = (node: string) => witness.ended(tag).filter(ended => ended.node === node).map(({ allocation }) => allocation)
  const findCommon = () => allocationsOf('node-1').find(allocation => allocationsOf('node-2').includes(allocation))
  for (let attempt = 0; attempt < 50 && findCommon() === undefined; attempt++) {
    for (const entry of body.iceServers) {
      const client = await connectClient(entry)
      callers.push({ node: `node-${parseTurnUrl(entry.urls[0])?.host.split('.').at(-1)}`, client })
      await client.allocate()
      await client.release()
      await client.close()
    }
    await until('coturn has said both totals', () => witness.ended(tag).length === callers.length)
  }
  const common = findCommon()
  t.ok(common, `allocation ${common} was on both nodes after ${callers.length / 2} attempts`)

  let sessions: LedgerSession[] = []
  await until('all are booked', async () => {
    sessions = (await ledgerSessions(stack, 'same-user', 'ended')).filter(({ state }) => state === 'closed')
    return sessions.length === callers.length
  })
  t.ok(sessions.every(({ userTag }) => userTag === tag), 'all of one user')
  const rows = sessions.filter(({ allocation }) => allocation === common)
  t.equal(rows.length, 2, 'one number, two rows')
  t.same(rows.map(({ node }) => node).sort(), ['node-1', 'node-2'])

  const { body: usage } = await stack.admin('GET', '/usage?app=same-user&by=node')
  const booked = usage.rows.map(({ key, sessions, packetsIn, bytesIn, packetsOut, bytesOut }: any) => ({ key, sessions, packetsIn, bytesIn, packetsOut, bytesOut }))
  t.same(booked, ['node-1', 'node-2'].map(node => {
    const own = callers.filter(caller => caller.node === node)
    return { key: node, sessions: own.length, ...sum(own.map(({ client }) => countsOf({ client }))) }
  }), 'and each node has its own bytes')
})

t.test('two clients on two nodes can talk to each other', async t => {
  const key = await stack.createApp('across')
  const call = await startCall(stack, key, { server: [0, 1] })
  await talk([call], 200)
  t.ok(call.a.client.traffic.receivedBytes > 200 * 160, `${call.a.client.traffic.receivedBytes} bytes crossed`)
  await release(callersOf([call]))
  await expectExact(t, stack, 'across', callersOf([call]), witness, 'across two nodes')
  t.same(new Set([call.a, call.b].flatMap(({ tag }) => witness.ended(tag).map(({ node }) => node))), new Set(['node-1', 'node-2']))
})

t.test('a client cannot reach loopback, private or metadata addresses through the relay', async t => {
  const key = await stack.createApp('ssrf')
  const { a, b } = await startCall(stack, key)
  for (const address of ['127.0.0.1', '127.1.2.3', '10.0.0.1', '169.254.169.254', '192.168.1.1', '172.16.0.1', '0.0.0.0']) {
    await t.rejects(a.client.createPermission(address), { code: 403 }, address)
  }
  // 443 where the relayed address is an IPv4 one (RFC 8656, section 19)
  for (const address of ['::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254']) {
    const code = await a.client.createPermission(address).then(() => 0, error => error.code)
    t.ok([403, 443].includes(code), `${address}: ${code}`)
  }
  for (const [what, port] of Object.entries({ 'the central Redis': stack.ports.redis, "a node's Redis": stack.ports.redis + 1, 'the admin API': stack.ports.ops })) {
    await t.rejects(a.client.bindChannel('auto', { address: '127.0.0.1', port }), { code: 403 }, what)
  }
  await release([a, b])
})

t.test('no log of this run holds a secret', stack.searchLogs)
