import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { TurnClient } from '../../../../services/turn/turn-client.ts'
import { PORT, startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { expectGood, expectNothingHeld, failedAt, openSockets, probe, urlsOf, type Case } from './probing.ts'

/** A relay without room, without peers, without life; and what is no relay. */
export const testLimits: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const start = async (settings: Record<string, string> = {}) => await startCoturn(t, { redis, turnserver, settings: () => settings })
  const plain = await start()
  const narrow = await start({ COTURN_MIN_PORT: '50000', COTURN_MAX_PORT: '50001' })
  const small = await start({ NODE_MAX_ALLOCATIONS: '1' })
  const closed = await start({ NODE_ALLOWED_PEERS: '' })

  await t.test('a port range that is used up: the probe tells, and gives back the port it got', async t => {
    const { udp } = urlsOf(narrow.address)
    expectGood(t, await probe(t, { url: udp, credential: narrow.credential() }))
    await expectNothingHeld(narrow)
    const holder = await TurnClient.connect({ host: narrow.address, port: PORT, transport: 'udp', ...narrow.credential() })
    await holder.allocate()
    const found = await probe(t, { url: udp, credential: narrow.credential() })
    t.match(found, { failure: failedAt('allocate', 'no_ports', 508), answered: true })
    await holder.release()
    await holder.close()
    await expectNothingHeld(narrow)
  })

  await t.test('a quota that is used up', async t => {
    const found = await probe(t, { url: urlsOf(small.address).udp, credential: small.credential() })
    t.match(found, { failure: failedAt('allocate', 'quota', 486), answered: true })
    await expectNothingHeld(small)
  })

  await t.test('a peer that is denied', async t => {
    const found = await probe(t, { url: urlsOf(closed.address).tcp, credential: closed.credential() })
    t.match(found, { failure: failedAt('permission', 'forbidden', 403), answered: true })
    t.ok((found.allocateMs ?? 0) > 0)
    await expectNothingHeld(closed)
  })

  await t.test('a relay that is stopped in its tracks, and one that is gone', async t => {
    const { udp, tcp } = urlsOf(plain.address)
    const credential = plain.credential()
    await plain.pause()
    const sockets = openSockets()
    const [overUdp, overTcp] = await Promise.all([probe(t, { url: udp, credential }), probe(t, { url: tcp, credential })])
    t.equal(openSockets(), sockets)
    t.match(overUdp, { failure: failedAt('binding', 'timeout'), answered: false, bindingMs: null })
    t.match(overTcp, { failure: failedAt('binding', 'timeout'), answered: true }, 'the kernel accepts for it')
    plain.resume()
    expectGood(t, await probe(t, { url: udp, credential }))

    await plain.kill9()
    t.match(await probe(t, { url: udp, credential }), { failure: failedAt('binding', 'refused'), answered: true }, 'an ICMP error')
    t.match(await probe(t, { url: tcp, credential }), { failure: failedAt('connect', 'refused'), answered: true })
  })

  t.test('what is no relay', async t => await testStrangers(t, plain.credential()))
}

async function testStrangers (t: Test, credential: { username: string, password: string }): Promise<void> {
  const hole = createSocket('udp4')
  hole.bind(0, '127.0.0.1')
  await once(hole, 'listening')
  t.teardown(() => { hole.close() })
  t.match(await probe(t, { url: `turn:127.0.0.1:${hole.address().port}`, credential }), { failure: failedAt('binding', 'timeout'), answered: false }, 'a black hole')

  for (const [says, failure] of [['HTTP/1.1 400 Bad Request\r\n\r\n', failedAt('binding', 'closed')], ['', failedAt('binding', 'closed')]] as const) {
    const server = createServer(socket => { socket.end(says) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.match(await probe(t, { url: `turn:127.0.0.1:${(server.address() as AddressInfo).port}?transport=tcp`, credential }), { failure, answered: true })
    t.match(await probe(t, { url: `turns:127.0.0.1:${(server.address() as AddressInfo).port}`, credential }), { failure: { stage: 'tls' }, answered: true })
    server.close()
  }
  t.match(await probe(t, { url: 'turn:no-such-host.invalid', credential }), { failure: failedAt('resolve', 'unresolved'), answered: false })
  t.match(await probe(t, { url: 'turns:127.0.0.1?transport=udp', credential }), { failure: failedAt('resolve', 'unresolved') }, 'a URL that is none')
}
