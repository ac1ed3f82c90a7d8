import t from 'tap'
import { realmOf, relayUrls } from '../../../services/domain/node.ts'

t.test('the URLs of a relay: udp first, then through a firewall, IPv6 in brackets', async t => {
  t.same(relayUrls('192.0.2.1', 3478, undefined), ['turn:192.0.2.1:3478?transport=udp', 'turn:192.0.2.1:3478?transport=tcp'])
  t.same(relayUrls('2001:db8::1', 443, 5349), ['turn:[2001:db8::1]:443?transport=udp', 'turns:[2001:db8::1]:5349?transport=tcp', 'turn:[2001:db8::1]:443?transport=tcp'])
})

t.test('a realm names its node', async t => t.equal(realmOf('node-1', 'turn.example.org'), 'node-1.turn.example.org'))
