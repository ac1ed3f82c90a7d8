import t from 'tap'
import { TurnClient } from '../../scripts/turn-client.ts'
import { callersOf, expectExact, release, startCall, tagOf, talk } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

const stack = await startStack(t, { slot: 5, nodes: 2 })

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
  const clients = await Promise.all(body.iceServers.map(async ({ urls, username, credential }: any) => await TurnClient.connect({
    host: /turn:([^:]+)/.exec(urls[0])?.[1] ?? '', port: stack.ports.coturn, transport: 'udp', username, password: credential
  }))) as TurnClient[]
  for (const client of clients) await client.allocate()
  for (const client of clients) {
    await client.release()
    await client.close()
  }
  let rows: any[] = []
  await until('both are booked', async () => {
    rows = (await stack.admin('GET', '/sessions?app=same-user&state=ended')).body.sessions
    return rows.length === 2
  })
  t.same(rows.map(({ node }) => node).sort(), ['node-1', 'node-2'])
  t.ok(rows.every(({ userTag }) => userTag === tagOf(body.username)))
  const { body: usage } = await stack.admin('GET', '/usage?app=same-user&by=node')
  t.same(usage.rows.map(({ key, sessions }: any) => [key, sessions]), [['node-1', 1], ['node-2', 1]])
})

t.test('two clients on two nodes can talk to each other', async t => {
  const key = await stack.createApp('across')
  const call = await startCall(stack, key, { server: [0, 1] })
  await talk([call], 200)
  t.ok(call.a.client.traffic.receivedBytes > 200 * 160, `${call.a.client.traffic.receivedBytes} bytes crossed`)
  await release(callersOf([call]))
  await expectExact(t, stack, 'across', callersOf([call]), 'across two nodes')
})

t.test('a client cannot reach loopback, private or metadata addresses through the relay', async t => {
  const key = await stack.createApp('ssrf')
  const { a, b } = await startCall(stack, key)
  for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.1.1', '172.16.0.1', '0.0.0.0']) {
    await t.rejects(a.client.createPermission(address), { code: 403 }, address)
  }
  await release([a, b])
})

t.test('no log of this run holds a secret', stack.searchLogs)
