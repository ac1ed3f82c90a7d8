import { createServer } from 'node:net'
import { once } from 'node:events'
import { exec } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t from 'tap'
import { callersOf, release, startCalls, talk } from '../helpers/calls.ts'
import { makeCertificate } from '../helpers/certificates.ts'
import { startStack } from '../helpers/stack.ts'

const stack = await startStack(t, { slot: 8, environment: { DOCKER_HOST: 'unix:///nowhere' } })
const PARTS = ['central-redis', 'control-plane', 'ledger', 'node-1-redis', 'node-1-relay-agent', 'node-1-coturn']
const run = promisify(exec)

t.test('the last lines say how to go on, and the curl works when pasted', async t => {
  const lines = stack.printed.trim().split('\n').slice(-5)
  t.match(lines, [/^api http:\/\//, /^ops http:\/\//, /^curl /, /^admin token .*admin-token$/, /^ready in [0-9.]+ s, relayed [1-9][0-9]* bytes$/])
  const { stdout } = await run(`${lines[2]} -o /dev/null -w '%{http_code}'`, { cwd: new URL('../..', import.meta.url) })
  t.match(stdout, /201$/)
})

/** What ./scripts/doctor finds, with settings other than the stack was started with where some are given. */
async function diagnose (differs: Record<string, string> = {}) {
  const command = new URL('../../scripts/doctor', import.meta.url).pathname
  const { code = 0, stdout } = await run(`${command} --json`, { env: { ...stack.environment, ...differs } }).then(({ stdout }) => ({ code: 0, stdout }), (error: { code: number, stdout: string }) => error)
  const { findings } = JSON.parse(stdout) as { findings: Array<{ check: string, level: string, found: string, todo?: string }> }
  return { code, findings, level: (check: string) => findings.find(finding => finding.check === check)?.level, failed: findings.filter(({ level }) => level === 'fail').map(({ check }) => check) }
}

t.test('doctor has looked at everything, and up says so in a line', async t => {
  t.match(stack.printed, /^doctor: \d+ ok, /m)
  const { code, findings, level, failed } = await diagnose()
  t.same(failed, [])
  t.equal(code, 0)
  for (const part of PARTS) t.equal(level(part), 'ok', part)
  t.equal(findings.filter(({ check, found }) => check.startsWith('turn:') && found.startsWith('STUN and Allocate')).length, 2, 'each URL was allocated on')
  // the coturn of this machine is 4.6.1
  t.match(findings.find(({ check }) => check === 'coturn-version'), { level: 'warn', todo: /4\.17/ })
})

t.test('doctor tells of a wrong port, and of a certificate that is over', async t => {
  const wrong = await diagnose({ SPILLWAY_COTURN_PORT: String(stack.ports.coturn + 1) })
  t.equal(wrong.code, 1)
  t.match(wrong.findings.find(({ check }) => check === 'node-1-coturn'), { level: 'fail', found: /runs on udp .*, and not on udp / })
  const { cert, key } = await makeCertificate(join(stack.folder, 'expired'), `${stack.network}.1`, { expired: true })
  const expired = await diagnose({ SPILLWAY_COTURN_TLS_CERT: cert, SPILLWAY_COTURN_TLS_KEY: key })
  t.match(expired.findings.find(({ check }) => check === 'certificate'), { level: 'fail', found: /^expired on / })
  const foreign = await diagnose({ SPILLWAY_COTURN_TLS_CERT: cert, SPILLWAY_COTURN_TLS_KEY: join(stack.folder, 'expired', 'ca.key') })
  t.match(foreign.findings.find(({ check }) => check === 'certificate'), { level: 'fail', found: /is not the key of/ })
})

t.test('what it keeps is for its owner alone', async t => {
  t.equal((await stat(stack.folder)).mode & 0o077, 0)
  for (const name of ['master-key', 'admin-token', 'demo-key', 'redis-password', 'nodes/node-1/key']) {
    t.equal((await stat(join(stack.folder, name))).mode & 0o177, 0, name)
  }
})

t.test('no process carries a secret on its command line', async t => {
  const secrets = await Promise.all(['master-key', 'admin-token', 'demo-key', 'redis-password', 'nodes/node-1/key', 'nodes/node-1/cli-password', 'nodes/node-1/coturn-password'].map(async name => await stack.read(name)))
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map(async pid => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  t.ok(lines.some(line => line.includes('services/ledger/main.ts')), 'the processes are there')
  t.same(lines.filter(line => secrets.some(secret => line.includes(secret))), [])
})

t.test("a node's login at the central Redis opens its own keys and nothing else", async t => {
  const redis = new Redis({ port: stack.ports.redis, username: 'relay-node-1', password: await stack.read('nodes', 'node-1', 'central-password') })
  t.teardown(() => { redis.disconnect() })
  t.match(await redis.get('desired:node-1'), /generations/)
  for (const command of [
    ['set', 'desired:node-1', '{}'], ['get', 'desired:node-2'], ['set', 'observed:node-2', '{}'], ['xadd', 'usage:node-2', '*', 'a', 'b'],
    ['hgetall', 'app-keys'], ['hset', 'app-keys', 'a', 'b'], ['flushall'], ['keys', '*'], ['acl', 'whoami'], ['config', 'get', '*'],
    ['eval', "return redis.call('GET', 'apps:version')", '0'], ['eval', "return redis.call('HGETALL', KEYS[1])", '1', 'app-keys']
  ]) {
    const [name = '', ...args] = command
    await t.rejects(redis.call(name, ...args), { message: /NOPERM|no permissions|can't access/i }, command.join(' '))
  }
})

t.test('up twice: each part runs already, nothing is harmed', async t => {
  const key = await stack.createApp('twice')
  const calls = await startCalls(stack, key, 2)
  const before = await Promise.all([...PARTS.map(stack.pid), stack.read('master-key'), stack.read('demo-key')])
  const printed = await stack.up()
  for (const part of PARTS) t.match(printed, new RegExp(`^${part}\\s+runs already`, 'm'))
  t.same(await Promise.all([...PARTS.map(stack.pid), stack.read('master-key'), stack.read('demo-key')]), before)
  await talk(calls, 10)
  t.ok(callersOf(calls).every(({ client }) => client.traffic.receivedPackets > 10), 'calls go on')
  await release(callersOf(calls))
})

t.test('after a crash up starts what is missing', async t => {
  for (const part of PARTS) await stack.signal(part, 'SIGKILL')
  const { code, failed } = await diagnose()
  t.equal(code, 1)
  for (const part of PARTS.slice(0, -1)) t.ok(failed.includes(part), `doctor misses ${part}`)
  const printed = await stack.up()
  // launch leaves its coturn alive when it is killed: calls are worth more than order
  for (const part of PARTS.slice(0, -1)) t.match(printed, new RegExp(`^${part}\\s+had died, started again`, 'm'))
  t.match(printed, /^ready in /m)
})

t.test('down stops all of it, a second down has nothing to do, and a taken port is one clear line', async t => {
  await stack.script('down')
  t.match((await stack.script('down')).stdout, /nothing runs/)
  const other = createServer().listen(stack.ports.ledger, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => { other.close() })
  const failure = await stack.up().then(() => undefined, (error: { code: number, stderr: string }) => error)
  t.equal(failure?.code, 1)
  t.match(failure?.stderr, new RegExp(`port ${stack.ports.ledger}.*SPILLWAY_LEDGER_OPS_PORT`))
  t.equal(failure?.stderr.trim().split('\n').length, 1, 'one line')
  other.close()
  t.match(await stack.up(), /^ready in /m)
})

t.test('where no Docker engine answers, up says so in a line and runs native', async t => {
  const { stdout } = await stack.script('up', '--detach')
  t.match(stdout.split('\n')[0], /^no (docker on this machine|Docker engine answers): running native, as with --native$/)
  t.match(stdout, /^control-plane\s+runs already/m)
})

t.test('wrong words and wrong settings say what is wrong, and start nothing', async t => {
  const refused = async (...args: string[]) => await stack.script('up', ...args).then(() => ({ code: 0, stderr: '' }), (error: { code: number, stderr: string }) => error)
  for (const args of [['--nodes', '0'], ['--nodes', 'x'], ['--bind', 'here'], ['--nonsense'], ['--bind', '127.0.0.1', '--nodes', '2']]) {
    const { code, stderr } = await refused(...args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, /up: /)
  }
})

t.test('a coturn with known holes is refused on a public address', async t => {
  const launch = new URL('../../infra/coturn/launch', import.meta.url).pathname
  const environment = { ...process.env, SPILLWAY_NODE_ID: 'n', SPILLWAY_NODE_RELAY_IP: '192.0.2.1', SPILLWAY_COTURN_REDIS_PASSWORD: 'x', SPILLWAY_COTURN_CLI_PASSWORD: 'y' }
  const refused = await run(launch, { env: environment }).then(() => undefined, (error: { code: number, stderr: string }) => error)
  // the distribution's own, 4.6.1
  t.match(refused, { code: 1, stderr: /GHSA-4g7c-p5wg-j4hp/ })
})

t.test('no log of this run holds a secret', stack.searchLogs)
