import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { TurnError } from '../../services/turn/turn-errors.ts'
import { pickTurnServer } from '../../services/turn/turn-url.ts'
import { PUBLIC_ADDRESS, startComposeStack } from '../helpers/compose-stack.ts'
import { readListeners } from '../helpers/listeners.ts'
import { REGION_CANARY } from '../helpers/search-logs.ts'

const stack = await startComposeStack(t)
const containers = await stack.containers()
const inspected: any[] = JSON.parse(await stack.docker('inspect', ...containers.map(({ ID }) => ID)))
const serviceOf = ({ Config }: any): string => Config.Labels['com.docker.compose.service']
/** the one that gives volumes to their user, for a moment, as root without a network */
const running = inspected.filter(container => serviceOf(container) !== 'volumes')

t.test('no container may do more than it must', async t => {
  t.equal(running.length, 10)
  for (const { Config, HostConfig, ...container } of running) {
    const service = serviceOf({ Config })
    t.equal(Config.User, '10001:10001', `${service} runs as nobody's user`)
    t.equal(HostConfig.ReadonlyRootfs, true, `${service}: read-only`)
    t.same(HostConfig.CapDrop, ['ALL'], service)
    t.same((HostConfig.CapAdd ?? []).map((name: string) => name.replace(/^CAP_/, '')), ['proxy', 'coturn'].includes(service) ? ['NET_BIND_SERVICE'] : [], service)
    t.same(HostConfig.SecurityOpt, ['no-new-privileges:true'], service)
    t.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0, `${service}: limits`)
    t.match(HostConfig.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }, service)
    t.equal(HostConfig.NetworkMode === 'host', ['node-redis', 'relay-agent', 'coturn'].includes(service), `${service}: network`)
    t.same(container.Mounts.filter(({ Type, RW }: any) => Type === 'bind' && RW), [], `${service} writes to volumes only`)
  }
  t.match(inspected.find(container => serviceOf(container) === 'volumes')?.HostConfig, { NetworkMode: 'none', CapDrop: ['ALL'], CapAdd: [/CHOWN$/], ReadonlyRootfs: true })
})

t.test('what runs in them cannot write beside the places meant for it, nor become more', async t => {
  for (const { ID, Service } of containers.filter(({ State }) => State === 'running')) {
    await t.rejects(stack.docker('exec', ID, 'sh', '-c', 'echo x > /etc/x'), { message: /Read-only file system|Permission denied/ }, Service)
    await t.rejects(stack.docker('exec', ID, 'sh', '-c', 'echo x > /run/secrets/x || echo x > /x'), { message: /Read-only file system/ }, Service)
    t.match(await stack.docker('exec', ID, 'grep', '-E', 'CapEff|NoNewPrivs', '/proc/self/status'), /CapEff:\t0+\nNoNewPrivs:\t1/, Service)
  }
})

t.test('only documented ports listen beyond loopback', async t => {
  const documented = new Set([`udp ${PUBLIC_ADDRESS}:3478`, `tcp ${PUBLIC_ADDRESS}:3478`, `tcp ${PUBLIC_ADDRESS}:5349`, 'tcp 172.29.84.1:8084'])
  const listeners = (await readListeners()).filter(({ address }) => !address.startsWith('127.'))
  const relayed = ({ protocol, address, port }: { protocol: string, address: string, port: number }) => protocol === 'udp' && address === PUBLIC_ADDRESS && port >= 49_152
  t.same([...new Set(listeners.filter(listener => !relayed(listener)).map(({ protocol, address, port }) => `${protocol} ${address}:${port}`))].sort(), [...documented].sort())
})

t.test('no secret stands in an image, an environment, a command line or a log', async t => {
  await stack.createApp('canary')
  await fetch(`${stack.api}/turn?service=turn&username=u&key=${[...stack.secrets][0]}`)
  const files = (await readdir(stack.folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  const kept = await Promise.all(files.filter(({ name }) => /(key|token|password)$/.test(name)).map(async ({ parentPath, name }) => (await readFile(join(parentPath, name), 'utf8')).trim()))
  const secrets = [...new Set([...kept, ...stack.secrets])]
  t.ok(secrets.length > 10 && secrets.every(secret => secret.length > 10), `knows ${secrets.length} secrets`)

  const processes = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const proc = async (file: string) => (await Promise.all(processes.map(async pid => await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')))).join('\n')
  const places: Record<string, string> = {
    'the containers': JSON.stringify(inspected),
    'the image': await stack.docker('history', '--no-trunc', 'spillway:0.1.0') + await stack.docker('inspect', 'spillway:0.1.0'),
    'command lines': await proc('cmdline'),
    // the test's own holds the canary, for up to find it
    environments: (await Promise.all(processes.filter(pid => Number(pid) !== process.pid).map(async pid => await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')))).join('\n'),
    logs: await stack.compose('logs', '--no-color')
  }
  for (const [place, text] of Object.entries(places)) t.same(secrets.filter(secret => text.includes(secret)), [], place)
  t.match(places.environments, REGION_CANARY, 'the search looks at the containers')
  t.match(places.logs, REGION_CANARY)
  t.match(places['command lines'], 'services/ledger/main.ts')
  t.match(places['the image'], 'services')
})

const connectClient = async (transport: 'udp' | 'tcp'): Promise<TurnClient> => {
  const { body } = await stack.issue(await stack.createApp(`peers-${transport}`))
  const server = pickTurnServer(body.iceServers, transport)
  if (!server) throw new Error('no relay')
  const client = await TurnClient.connect(server)
  stack.closers.push(async () => { await client.close() })
  return client
}

t.test('a real client reaches neither this machine nor its networks through the relay', async t => {
  const client = await connectClient('udp')
  await client.allocate()
  const refused: Record<number, string[]> = {
    403: ['127.0.0.1', '127.0.0.2', '127.255.255.254', '10.0.0.1', '10.255.255.255', '169.254.169.254', '172.29.84.1', '192.168.0.1'],
    // of an IPv6 peer a relay with an IPv4 address alone says that the families differ (RFC 8656 section 9.2)
    443: ['::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', 'fd00:ec2::254']
  }
  for (const [code, peers] of Object.entries(refused)) {
    for (const address of peers) {
      await t.rejects(client.createPermission(address), { code: Number(code) }, `permission for ${address}`)
      await t.rejects(client.bindChannel('auto', { address, port: 80 }), { code: Number(code) }, `channel to ${address}`)
    }
  }
  await client.createPermission(PUBLIC_ADDRESS)
  t.pass('the relay itself, where another client may be, is allowed')
  await client.release()
})

t.test('nor either Redis, wherever it listens', async t => {
  const client = await connectClient('udp')
  await client.allocate()
  const ofContainers = inspected.filter(container => serviceOf(container) === 'redis').flatMap(({ NetworkSettings }) => Object.values<any>(NetworkSettings.Networks).map(({ IPAddress }) => ({ address: IPAddress, port: 6379 })))
  t.match(ofContainers, [{ address: /^172\.29\.84\./ }])
  // that of the node is on loopback alone
  for (const peer of [...ofContainers, { address: '127.0.0.1', port: stack.ports.redis }, { address: '127.0.0.2', port: stack.ports.redis }, { address: '127.0.0.1', port: stack.ports.redis + 1 }]) {
    await t.rejects(client.bindChannel('auto', peer), { code: 403 }, `${peer.address}:${peer.port}`)
  }
  await client.release()

  // Redis speaks TCP: one that listened on an address of a relay, as for nodes on other machines, would be out of reach too
  await t.rejects((await connectClient('tcp')).allocate({ peerTransport: 'tcp' }), TurnError, 'the relay opens no TCP connection')
})
