import t from 'tap'
import { parseServerUrl, parseTurnUrl, pickTurnServer } from '../../../services/turn/turn-url.ts'

t.test('what browsers read in a URL of a server', async t => {
  for (const [url, scheme, host, port, transport] of [
    ['turn:relay.example.org', 'turn', 'relay.example.org', 3478, 'udp'],
    ['turn:192.0.2.1:443?transport=tcp', 'turn', '192.0.2.1', 443, 'tcp'],
    ['TURN:relay.example.org?transport=UDP', 'turn', 'relay.example.org', 3478, 'udp'],
    ['turns:relay.example.org', 'turns', 'relay.example.org', 5349, 'tls'],
    ['turns:relay.example.org:443?transport=tcp', 'turns', 'relay.example.org', 443, 'tls'],
    ['turn:[2001:db8::1]', 'turn', '2001:db8::1', 3478, 'udp'],
    ['turns:[::ffff:192.0.2.1]:65535', 'turns', '::ffff:192.0.2.1', 65535, 'tls'],
    ['stun:stun.example.org', 'stun', 'stun.example.org', 3478, 'udp'],
    ['stun:[::1]:19302', 'stun', '::1', 19302, 'udp'],
    ['stuns:stun.example.org', 'stuns', 'stun.example.org', 5349, 'tls']
  ] as const) t.same(parseServerUrl(url), { scheme, host, port, transport }, url)
})

t.test('and what is none', async t => {
  for (const url of [
    '', 'turn', 'turn:', 'turn::3478', 'http://relay.example.org', 'turn:relay:0', 'turn:relay:65536', 'turn:relay:123456',
    'turn:user@relay.example.org', 'turn://relay.example.org', 'turn:relay/path', 'turn:relay?transport=sctp',
    'turn:relay?transport=tcp&more=1', 'turn:2001:db8::1', 'turn:[relay.example.org]', 'turn:[::1', 'turn:relay ',
    'stun:relay?transport=udp', 'turns:relay?transport=udp'
  ]) t.equal(parseServerUrl(url), undefined, url)
})

t.test('a relay is picked by its transport; stun: is none', async t => {
  t.equal(parseTurnUrl('stun:relay.example.org'), undefined)
  t.same(parseTurnUrl('turns:relay.example.org'), { host: 'relay.example.org', port: 5349, transport: 'tls' })
  const iceServers = [
    { urls: 'turn:first.example.org' },
    { urls: ['stun:a.example.org', 'turn:a.example.org?transport=tcp', 'turns:a.example.org:443'], username: 'u', credential: 'p' }
  ]
  t.match(pickTurnServer(iceServers, 'tls'), { host: 'a.example.org', port: 443, username: 'u', password: 'p' })
  t.match(pickTurnServer(iceServers, 'tcp'), { host: 'a.example.org', port: 3478 })
  t.equal(pickTurnServer(iceServers, 'udp'), undefined, 'the first has no credential, the second no udp')
})
