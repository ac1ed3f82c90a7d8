import t from 'tap'
import { freePort } from '../../../scripts/free-port.ts'
import { until } from '../../../scripts/until.ts'
import { startControlPlane } from '../../helpers/control-plane.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { findSample } from '../../helpers/samples.ts'

const door = await startControlPlane(t)
const { body: { token } } = await door.admin('POST', '/tokens', { name: 'prometheus', role: 'read' })
const targets = async () => await door.admin('GET', '/prometheus/targets', undefined, token)

t.test('agents that tell where they can be scraped are listed as Prometheus reads it, for a token that may only look', async t => {
  t.same((await targets()).body, [], 'no node, no target, and no error')
  await door.addNode('closed')
  await door.addNode('open', { region: 'us', opsAddress: '[2001:db8::7]:8084' })
  const { status, headers, body } = await targets()
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json/)
  t.same(body, [{ targets: ['[2001:db8::7]:8084'], labels: { node: 'open', region: 'us' } }])
})

t.test('an agent is found where it says, and tells of both its Redis', async t => {
  const node = await startRedisServer(t, { variant: 'node' })
  const { body: { key } } = await door.admin('PUT', '/nodes/eu-1')
  const port = await freePort()
  startOwnProcess(t, 'relay-agent', {
    SPILLWAY_NODE_ID: 'eu-1',
    SPILLWAY_NODE_REGION: 'eu',
    SPILLWAY_NODE_KEY: key,
    SPILLWAY_NODE_REDIS_URL: node.url('agent'),
    SPILLWAY_NODE_RELAY_IP: '127.0.0.1',
    SPILLWAY_COTURN_CLI_PASSWORD: 'nobody-listens',
    SPILLWAY_COTURN_CLI_PORT: String(await freePort()),
    SPILLWAY_REDIS_URL: door.redis.url(),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(port),
    SPILLWAY_RELAY_AGENT_ADVERTISED_OPS: `127.0.0.1:${port}`
  })
  const listed = async () => (await targets()).body.find(({ labels }: { labels: { node: string } }) => labels.node === 'eu-1')
  await until('it is listed', async () => await listed() !== undefined)
  t.same(await listed(), { targets: [`127.0.0.1:${port}`], labels: { node: 'eu-1', region: 'eu' } })
  const scrape = async (): Promise<string> => await (await fetch(`http://${(await listed()).targets[0]}/metrics`)).text()
  await until('both Redis answer it', async () => findSample(await scrape(), 'spillway_redis_up') === 2)
  await node.stop()
  await until('one of them has gone', async () => findSample(await scrape(), 'spillway_redis_up', 'redis="node"') === 0)
  t.equal(findSample(await scrape(), 'spillway_redis_up', 'redis="central"'), 1)
  t.ok(findSample(await scrape(), 'spillway_redis_errors_total', 'redis="node"') as number > 0)
  const reconnects = async () => findSample(await scrape(), 'spillway_redis_reconnects_total', 'redis="node"') as number
  // a server that is ending may take a connection once more
  const before = await reconnects()
  await node.start()
  await until('it is back', async () => findSample(await scrape(), 'spillway_redis_up', 'redis="node"') === 1)
  await until('that is counted', async () => await reconnects() > before)
})
