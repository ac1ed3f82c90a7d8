import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { connectClient } from '../helpers/calls.ts'
import { makeCertificate } from '../helpers/certificates.ts'
import { showNode, untilState } from '../helpers/fleet.ts'
import { startStack } from '../helpers/stack.ts'

const SLOT = 15
const RELAY = `127.0.${100 + SLOT}.1`
const [PORT, TLS_PORT] = [21_000 + SLOT * 100 + 30, 21_000 + SLOT * 100 + 31]

// what comes here goes nowhere, as behind a firewall that drops udp
const blackHole = createSocket('udp4')
blackHole.bind(0, RELAY)
await once(blackHole, 'listening')
t.teardown(() => { blackHole.close() })

const folder = await mkdtemp(join(tmpdir(), 'spillway-certificates-'))
t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
const expired = await makeCertificate(folder, RELAY, { expired: true })

const urls = {
  udp: `turn:${RELAY}:${blackHole.address().port}?transport=udp`,
  tls: `turns:${RELAY}:${TLS_PORT}?transport=tcp`,
  tcp: `turn:${RELAY}:${PORT}?transport=tcp`
}
const stack = await startStack(t, {
  slot: SLOT,
  environment: {
    SPILLWAY_COTURN_TLS_CERT: expired.cert,
    SPILLWAY_COTURN_TLS_KEY: expired.key,
    SPILLWAY_COTURN_TLS_PORT: String(TLS_PORT),
    SPILLWAY_PROBER_TLS_CA: expired.ca
  }
})

// up proves that it relays, so the way is blocked only now
await stack.relaunchAgent('node-1', { SPILLWAY_NODE_PUBLIC_URLS: Object.values(urls).join(',') })

t.test('udp blocked and an expired certificate: only these are left out, and each is named', async t => {
  const key = await stack.createApp('left-over')
  const node = await untilState(stack, 'node-1', 'degraded', 45_000)
  await until('both are bad', async () => (await showNode(stack, 'node-1')).badUrls.length === 2, 30_000, 200)
  const { reasons, badUrls } = await showNode(stack, 'node-1')
  t.equal(node.state, 'degraded')
  t.same([...badUrls].sort(), [urls.udp, urls.tls].sort())
  const reasonOf = (url: string) => reasons.find(reason => reason.url === url)
  t.match(reasonOf(urls.udp), { kind: 'url_bad', stage: 'binding', cause: 'timeout' })
  t.match(reasonOf(urls.tls), { kind: 'url_bad', stage: 'tls', cause: 'certificate_expired' })

  const { body } = await stack.issue(key)
  t.equal(body.provider, 'coturn')
  t.same(body.uris, [urls.tcp])
  const client = await connectClient(body.iceServers[0], 'tcp')
  await client.allocate()
  t.ok(client.allocation, 'what is left works')
  await client.release()
  await client.close()

  const expiry = await stack.metric(stack.ports.prober, 'spillway_probe_certificate_expiry_timestamp_seconds')
  t.ok(expiry > 0 && expiry < Date.now() / 1000, `the metric says when it ended: ${expiry}`)
  t.equal(await stack.metric(stack.ports.prober, 'spillway_probe_url_state', 'transport="udp",state="bad"'), 1)
})

t.test('no log of this run holds a secret', stack.searchLogs)
