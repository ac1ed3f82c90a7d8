import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import type { Test } from 'tap'
import type { TurnClient } from '../../services/turn/turn-client.ts'
import { until } from '../../scripts/until.ts'
import { connectClient } from '../helpers/calls.ts'
import { nodesOf, showNode, untilProbed, untilState } from '../helpers/fleet.ts'
import type { ShownNode } from '../helpers/fleet.ts'
import { startStack } from '../helpers/stack.ts'

/** Of each relay address: a probe of udp and tcp takes four for a moment. */
const PORTS = 24
const FIRST_PORT = 50_000
/** Between two tries: a probe lets go of its allocations within a second, and the next begins after four. */
const PAUSE_MS = 300
/** Node-1 is made half dead in each way in turn, node-2 stays well. */
const DEAD = 'node-1'

const stack = await startStack(t, {
  slot: 14,
  nodes: 2,
  environment: {
    SPILLWAY_COTURN_MIN_PORT: String(FIRST_PORT),
    SPILLWAY_COTURN_MAX_PORT: String(FIRST_PORT + PORTS - 1),
    SPILLWAY_POLICY_RAMP_SECONDS: '1'
  }
})
await untilProbed(stack)
const key = await stack.createApp('half-dead', { requestsPerMinute: { app: 100_000, user: 100_000 } })

/** Of a node that is down in this way: the reasons name each URL with where and why it failed. */
async function expectDown (t: Test, what: string, failures: Array<{ stage: string, cause: string, code?: number }>): Promise<ShownNode> {
  const node = await untilState(stack, DEAD, 'down', 45_000)
  const bad = node.reasons.filter(({ kind }) => kind === 'url_bad')
  t.ok(bad.length > 0, `${what}: the reasons name its URLs: ${JSON.stringify(node.reasons)}`)
  for (const { stage, cause, code } of bad) {
    t.ok(failures.some(one => one.stage === stage && one.cause === cause && (one.code ?? null) === (code ?? null)), `${what}: ${stage} ${cause} ${code ?? ''}`)
  }
  for (let asked = 0; asked < 20; asked++) {
    const named = nodesOf((await stack.issue(key)).body)
    if (named.includes(DEAD)) t.fail(`${what}: a credential names ${named.join(' and ')}`)
  }
  t.equal((await showNode(stack, 'node-2')).state, 'up', `${what}: the other node is well`)
  return node
}

const wellAgain = async (): Promise<void> => {
  const node = await untilState(stack, DEAD, 'up', 60_000)
  if (node.badUrls.length > 0) throw new Error(`it is up with bad URLs: ${node.badUrls.join(' ')}`)
}

/** The userdb of node-1, as its agent. */
async function openUserdb (): Promise<Redis> {
  const redis = new Redis({ host: '127.0.0.1', port: stack.ports.redis + 1, username: 'agent', password: await stack.read('nodes', DEAD, 'agent-password'), db: 1 })
  redis.on('error', () => {})
  stack.closers.push(async () => { redis.disconnect() })
  return redis
}

/** A credential's entry for node-1. */
async function entryOfDead () {
  const { body } = await stack.issue(key)
  const entry = body.iceServers[nodesOf(body).indexOf(DEAD)]
  if (entry === undefined) throw new Error(`the credential names ${nodesOf(body).join(' and ')}`)
  return entry
}

/** Takes allocations on node-1, one a client, until it gives no more, not even one a probe had let go of; returns how to give them back. */
async function takeAll (): Promise<{ taken: number, refused: number, giveBack: () => Promise<void> }> {
  const entry = await entryOfDead()
  const clients: TurnClient[] = []
  let [refused, inARow] = [0, 0]
  while (inARow < 20) {
    const client = await connectClient(entry)
    const code = await client.allocate().then(() => 0, (error: { code?: number }) => error.code ?? 1)
    if (code === 0) {
      clients.push(client)
      inARow = 0
      continue
    }
    await client.close()
    refused = code
    inARow += 1
    await delay(PAUSE_MS)
  }
  return { taken: clients.length, refused, giveBack: async () => { for (const client of clients) await giveUp(client) } }
}

async function giveUp (client: TurnClient): Promise<void> {
  await client.release()
  await client.close()
}

t.test('a port range that is used up', async t => {
  const { taken, refused, giveBack } = await takeAll()
  t.equal(refused, 508)
  t.ok(taken <= PORTS, `${taken} of ${PORTS} ports were to be had`)
  await expectDown(t, 'no ports', [{ stage: 'allocate', cause: 'no_ports', code: 508 }]).finally(giveBack)
  await wellAgain()
})

t.test('a userdb that is dead', async t => {
  await stack.signal(`${DEAD}-redis`, 'SIGKILL')
  await expectDown(t, 'dead userdb', [{ stage: 'allocate', cause: 'unauthorized', code: 401 }])
  await stack.up()
  await wellAgain()
})

t.test('a userdb that hangs', async t => {
  await stack.signal(`${DEAD}-redis`, 'SIGSTOP')
  await expectDown(t, 'hung userdb', [{ stage: 'allocate', cause: 'timeout' }])
  await stack.signal(`${DEAD}-redis`, 'SIGCONT')
  await wellAgain()
})

t.test('a wrong secret', async t => {
  await stack.signal(`${DEAD}-relay-agent`, 'SIGKILL')
  const userdb = await openUserdb()
  const [secrets = ''] = await userdb.keys('turn/realm/*/secret')
  await userdb.del(secrets)
  await userdb.sadd(secrets, 'another')
  const node = await expectDown(t, 'wrong secret', [{ stage: 'allocate', cause: 'unauthorized', code: 401 }])
  t.ok(node.id)
  await stack.up()
  await wellAgain()
})

t.test('coturn hung by SIGSTOP', async t => {
  const pid = Number(await stack.read('nodes', DEAD, 'coturn', 'turnserver.pid'))
  process.kill(pid, 'SIGSTOP')
  const node = await untilState(stack, DEAD, 'down', 45_000)
  await until('the probes name it too', async () => (await showNode(stack, DEAD)).reasons.some(({ kind, cause }) => kind === 'url_bad' && cause === 'timeout'), 45_000, 200)
  t.ok(node.reasons.length > 0)
  t.notOk(nodesOf((await stack.issue(key)).body).includes(DEAD))
  process.kill(pid, 'SIGCONT')
  await wellAgain()
})

t.test('a quota that is used up', async t => {
  const holder = await connectClient(await entryOfDead())
  // as a limit set by hand at the node would be; its agent, which would put it right, is away
  await stack.signal(`${DEAD}-relay-agent`, 'SIGKILL')
  const userdb = await openUserdb()
  const [secrets = ''] = await userdb.keys('turn/realm/*/secret')
  await userdb.set(secrets.replace(/secret$/, 'total-quota'), '1')
  // a quota of one leaves one: until now the probes have it in turn
  await until('the allocation is ours', async () => await holder.allocate().then(() => true, () => false), 30_000, 50)
  await expectDown(t, 'quota', [{ stage: 'allocate', cause: 'quota', code: 486 }]).finally(async () => { await giveUp(holder) })
  await userdb.del(secrets.replace(/secret$/, 'total-quota'))
  await stack.up()
  await wellAgain()
})

t.test('no log of this run holds a secret', stack.searchLogs)
