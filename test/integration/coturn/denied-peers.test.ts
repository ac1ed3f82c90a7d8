import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import type { Test } from 'tap'
import { TurnClient } from '../../../services/turn/turn-client.ts'
import { freePort } from '../../../scripts/free-port.ts'
import { PORT, startCoturn } from '../../helpers/coturn-server.ts'
import { sidTurnserver } from '../../helpers/debian-sid.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

/** RFC 6890, what a cloud keeps at link-local addresses, and every way to write the same in IPv6. */
const DENIED = {
  ipv4: ['0.0.0.0', '10.0.0.1', '10.255.255.255', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ipv6: ['::1', '::', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '2002:7f00:1::', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'ff02::1']
}
/** Nothing is sent there: a permission is a note in the relay. */
const PUBLIC = { ipv4: '8.8.8.8', ipv6: '2606:4700:4700::1111' }
const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1' }

const redis = await startRedisServer(t, { variant: 'node' })

function testCoturn (name: string, turnserver: string | undefined): void {
  t.test(`${name} relays nothing to private, loopback and metadata addresses`, async t => {
    const coturn = await startCoturn(t, { redis, turnserver })
    await expectDenied(t, coturn.address, PORT, coturn.credential(), 'ipv4')
  })

  t.test(`${name} relays nothing to them over IPv6, in whatever form`, async t => {
    const at = { address: '::1', port: await freePort(), tlsPort: await freePort() }
    // a relay of its own on ::1 may be a peer, as in a stack on one machine; here it must not
    const coturn = await startCoturn(t, { redis, turnserver, at, settings: () => ({ NODE_ALLOWED_PEERS: '' }) })
    await expectDenied(t, '::1', at.port, coturn.credential(), 'ipv6')
  })
}

async function expectDenied (t: Test, host: string, port: number, credential: { username: string, password: string }, family: 'ipv4' | 'ipv6'): Promise<void> {
  const client = await TurnClient.connect({ host, port, transport: 'udp', ...credential })
  t.teardown(async () => { await client.close() })
  await client.allocate({ ipv6: family === 'ipv6' })
  await client.createPermission(PUBLIC[family])
  for (const address of DENIED[family]) {
    await t.rejects(client.createPermission(address), { code: 403 }, `permission for ${address}`)
    await t.rejects(client.bindChannel('auto', { address, port: 6379 }), { code: 403 }, `channel to ${address}`)
  }

  // and who does not ask gets nothing there either
  const victim = createSocket(family === 'ipv4' ? 'udp4' : 'udp6').bind(0, LOOPBACK[family])
  await once(victim, 'listening')
  t.teardown(() => { victim.close() })
  let heard = 0
  victim.on('message', () => { heard += 1 })
  const peer = { address: LOOPBACK[family], port: victim.address().port }
  for (let count = 0; count < 5; count++) client.sendIndication(peer, Buffer.from('knock'))
  // answered behind them, by the same thread
  await client.refresh(600)
  t.equal(heard, 0, 'nothing arrives')
}

testCoturn("this machine's coturn", undefined)
const sid = sidTurnserver(t)
if (sid !== undefined) testCoturn('the coturn of Debian sid', sid)
