import t from 'tap'
import { allowedPeers, isLoopback, isRelayAddress } from '../../../services/control-plane/relay-address.ts'

t.test('a relay may be at a public or a private address', async t => {
  for (const ip of ['203.0.113.7', '192.0.2.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', '2001:db8::1', '2a01:4f8::1', 'fd12:3456::1', '169.253.255.255', '223.255.255.255']) t.equal(isRelayAddress(ip), true, ip)
})

t.test('and nowhere else', async t => {
  for (const ip of [
    '169.254.169.254', '169.254.0.1', '127.0.0.1', '127.255.255.255', '0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '100.100.100.200', '168.63.129.16', '192.0.0.192',
    '::', '::1', '0:0:0:0:0:0:0:1', 'fe80::1', 'febf::1', 'ff02::1', 'fec0::1', 'fd00:ec2::254', 'fd00:0ec2:0:0:0:0:0:254', 'fd20:ce::254',
    '::ffff:169.254.169.254', '::FFFF:10.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe', '::10.0.0.1', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1',
    '', '..', ':::', '127.1', '0177.0.0.1', '10.0.0.1-10.0.0.9', '10.0.0.0/8'
  ]) t.equal(isRelayAddress(ip), false, ip)
})

t.test('loopback is loopback in each spelling, and nothing that is mapped', async t => {
  for (const ip of ['127.0.0.1', '127.0.1.9', '::1', '0:0:0:0:0:0:0:1']) t.equal(isLoopback(ip), true, ip)
  for (const ip of ['126.0.0.1', '128.0.0.1', '::2', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:1', '']) t.equal(isLoopback(ip), false, ip)
})

t.test('only a node on loopback is told of others there', async t => {
  const fleet = ['203.0.113.7', '127.0.1.2', '169.254.169.254', '203.0.113.7', '10.0.0.1']
  t.same(allowedPeers(fleet, false), ['10.0.0.1', '203.0.113.7'])
  t.same(allowedPeers(fleet, true), ['10.0.0.1', '127.0.1.2', '203.0.113.7'])
})
