import t from 'tap'
import { AgentConfig, checkUrls, relayIpsOf, urlsOf } from '../../../services/relay-agent/config.ts'
import { loadConfig } from '../../../services/runtime/load-config.ts'

const read = (environment: Record<string, string> = {}) => loadConfig(AgentConfig, {
  SPILLWAY_NODE_ID: 'n',
  SPILLWAY_NODE_KEY: 'k'.repeat(43),
  SPILLWAY_NODE_REDIS_URL: 'redis://127.0.0.1',
  SPILLWAY_NODE_RELAY_IP: '192.0.2.1',
  SPILLWAY_COTURN_CLI_PASSWORD: 'p',
  SPILLWAY_REDIS_URL: 'redis://127.0.0.1',
  ...environment
}, checkUrls)

t.test('clients are given the public address, at the ports coturn listens on', async t => {
  t.same(urlsOf(read()), ['turn:192.0.2.1:3478?transport=udp', 'turn:192.0.2.1:3478?transport=tcp'])
  t.same(urlsOf(read({ SPILLWAY_NODE_EXTERNAL_IP: '203.0.113.7', SPILLWAY_COTURN_PORT: '443', SPILLWAY_COTURN_TLS_CERT: '/cert.pem' })),
    ['turn:203.0.113.7:443?transport=udp', 'turns:203.0.113.7:5349?transport=tcp', 'turn:203.0.113.7:443?transport=tcp'])
  t.same(relayIpsOf(read({ SPILLWAY_NODE_EXTERNAL_IP: '203.0.113.7' })), ['203.0.113.7', '192.0.2.1'])
})

t.test('URLs of the operator are taken as they are, and a mistyped one is told at the start', async t => {
  t.same(urlsOf(read({ SPILLWAY_NODE_PUBLIC_URLS: ' turn:a.example.org:3478?transport=udp , turns:a.example.org:443?transport=tcp' })), ['turn:a.example.org:3478?transport=udp', 'turns:a.example.org:443?transport=tcp'])
  for (const wrong of ['http://a', 'turn:a:53', 'turn:a?transport=sctp', 'stun:a', 'turn:a b']) t.throws(() => read({ SPILLWAY_NODE_PUBLIC_URLS: wrong }), { message: /SPILLWAY_NODE_PUBLIC_URLS/ }, wrong)
})

t.test('where Prometheus finds its metrics is a host and a port, which is one that can be', async t => {
  for (const right of ['node-1.example.org:8084', '192.0.2.1:1', '[2001:db8::1]:65535']) t.equal(read({ SPILLWAY_RELAY_AGENT_ADVERTISED_OPS: right }).SPILLWAY_RELAY_AGENT_ADVERTISED_OPS, right)
  for (const wrong of ['192.0.2.1', '192.0.2.1:0', '192.0.2.1:65536', '192.0.2.1:70000', '192.0.2.1:08', '2001:db8::1:8084', 'http://192.0.2.1:8084', ':8084']) t.throws(() => read({ SPILLWAY_RELAY_AGENT_ADVERTISED_OPS: wrong }), { message: /SPILLWAY_RELAY_AGENT_ADVERTISED_OPS/ }, wrong)
})
