import { randomUUID } from 'node:crypto'
import t from 'tap'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { until } from '../../scripts/until.ts'
import { appUsage, callersOf, expectExact, ledgerSessions, release, startCall, talk, freshAddress } from '../helpers/calls.ts'
import { tagOf } from '../helpers/counts.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 4 })
const witness = await listenToCoturn(t, stack)

t.test("traffic published by an unauthenticated client under another's name is booked to nobody, and counted", async t => {
  const key = await stack.createApp('victim')
  const { body } = await stack.issue(key, { user: 'victim' })
  const unproven = await stack.metric(stack.ports.api + 4, 'spillway_agent_events_total', '"unproven"')

  const attacker = await TurnClient.connect({ host: `${stack.network}.1`, port: stack.ports.coturn, transport: 'tcp', username: body.username, password: 'a guess' })
  for (let attempt = 0; attempt < 5; attempt++) await t.rejects(attacker.allocate(), { code: 401 })
  await attacker.close()

  await until('coturn has published traffic under the claimed name', () => [...witness.channels].some(channel => channel.includes(`/user/${body.username}/`) && channel.endsWith('/traffic')))
  await until('the counter has risen', async () => await stack.metric(stack.ports.api + 4, 'spillway_agent_events_total', '"unproven"') > unproven)
  const call = await startCall(stack, await stack.createApp('bystander'))
  await talk([call], 10)
  await release(callersOf([call]))
  await expectExact(t, stack, 'bystander', callersOf([call]), witness, 'an honest call behind it')
  t.same(await appUsage(stack, 'victim'), {}, 'no row of the victim has changed')
  t.same(await ledgerSessions(stack, 'victim', 'ended'), [])
})

t.test('a name that was not minted here opens nothing, even with a node secret that leaked', async t => {
  const { body } = await stack.issue(await stack.createApp('leaked'), { user: 'x' })
  const [expiry, userId = ''] = body.username.split(':')
  const [app, tag] = userId.split('.')
  for (const username of [`${expiry}:${app}.${tag}.${'0'.repeat(24)}`, `${expiry}:other.${tag}.${userId.slice(-24)}`]) {
    const client = await TurnClient.connect({ host: `${stack.network}.1`, port: stack.ports.coturn, transport: 'udp', username, password: body.password, localAddress: freshAddress() })
    await t.rejects(client.allocate(), { code: 401 })
    await client.close()
  }
})

t.test('user ids of every kind are handled, and none ever stands in a channel', async t => {
  const key = await stack.createApp('odd-users')
  const users = ['a/b', 'a:b', 'a.b', 'a*b', 'a%sb%n', 'a"b', 'a\\b', 'a`b', 'a\nb', 'a\r\nb', '\u{1F600}', 'x'.repeat(10_240), "union select 'x'", '../../etc', '\u0000']
  const calls = []
  for (const user of users) {
    const answer = await stack.issue(key, { user })
    t.equal(answer.status, 201, JSON.stringify(user.slice(0, 12)))
    t.match(answer.body.username, /^[0-9]+:[A-Za-z0-9._-]+$/)
    t.ok(answer.body.username.length <= 128)
    t.equal(tagOf((await stack.issue(key, { user })).body.username), tagOf(answer.body.username), 'the same user, the same tag')
    const client = await TurnClient.connect({ host: `${stack.network}.1`, port: stack.ports.coturn, transport: 'udp', username: answer.body.username, password: answer.body.password, localAddress: freshAddress() })
    await client.allocate()
    calls.push({ client, tag: tagOf(answer.body.username), host: `${stack.network}.1` })
  }
  t.equal(new Set(calls.map(({ tag }) => tag)).size, users.length, 'different users, different tags')
  await release(calls)
  await expectExact(t, stack, 'odd-users', calls, witness, 'odd users')
  const allowed = /^turn\/realm\/node-1\.spillway\.internal\/user\/[0-9]+:[a-z0-9.-]+\/allocation\/\d{18}\/(status|traffic|total_traffic)(\/peer)?$|^__XXX__$|^__YYY__$|^spillway:/
  const heard = [...witness.channels].filter(channel => channel.includes('odd-users'))
  t.same(heard.filter(channel => !allowed.test(channel)), [])
  t.ok(heard.length >= users.length, 'coturn did speak of them')
})

t.test('without a user the tag is never shared', async t => {
  const key = await stack.createApp('nobody')
  const tags = await Promise.all(Array.from({ length: 20 }, async () => tagOf((await stack.issue(key)).body.username)))
  t.equal(new Set(tags).size, 20)
})

t.test('an unknown user of one app is another in the next app', async t => {
  const user = randomUUID()
  const one = tagOf((await stack.issue(await stack.createApp('app-one'), { user })).body.username)
  const two = tagOf((await stack.issue(await stack.createApp('app-two'), { user })).body.username)
  t.not(one, two)
})

t.test('no log of this run holds a secret', stack.searchLogs)
