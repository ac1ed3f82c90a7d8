import { kill } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { appUsage, callersOf, expectExact, release, startCalls, talk } from '../helpers/calls.ts'
import { PUBLIC_ADDRESS, SERVICES, startComposeStack, UNCOUNTED_CHALLENGE } from '../helpers/compose-stack.ts'

const stack = await startComposeStack(t)
const WORKERS = 8
/** What is under way when a replica dies has failed by then; later ones go to the others. */
const IN_FLIGHT_MS = 2_000
const UNHEARD = { unheard: 'this test is about the ledger' }

t.test('of three control planes one is killed under load: nothing fails but what it was at', async t => {
  const key = await stack.createApp('load')
  await stack.compose('up', '--detach', '--no-recreate', '--scale', 'control-plane=3')
  await stack.untilHealth('healthy', ['control-plane'], 60_000)
  const replicas = (await stack.containers()).filter(({ Service }) => Service === 'control-plane')
  t.equal(replicas.length, 3)

  const failures: number[] = []
  let served = 0
  const enough = new AbortController()
  const work = async () => {
    while (!enough.signal.aborted) {
      const startedAt = performance.now()
      const status = await stack.issue(key, { user: `u${served}` }).then(answer => answer.status, () => 0)
      if (status === 201) served += 1
      else failures.push(startedAt)
    }
  }
  const working = Promise.all(Array.from({ length: WORKERS }, work))
  await delay(2_000)
  const before = served
  // one that had no part in it would fail nothing
  for (const { ID, Name } of replicas) t.match(await stack.docker('logs', ID), '/v1/credentials', `${Name} serves`)
  const killedAt = performance.now()
  await stack.docker('kill', '--signal', 'KILL', replicas[1]?.ID ?? '')
  await delay(6_000)
  enough.abort()
  await working
  t.ok(before > 100 && served > 2 * before, `${before} credentials before, ${served} in all`)
  t.ok(failures.length <= WORKERS, `${failures.length} failed, of ${WORKERS} under way`)
  t.same(failures.filter(startedAt => startedAt > killedAt + IN_FLIGHT_MS), [], 'and none that began later')
  await stack.compose('up', '--detach', '--no-recreate', '--scale', 'control-plane=1')
})

t.test('what stands still is unhealthy within 30 s, and healthy when it goes on', async t => {
  // asked of themselves alone; then those that also are what others make of them
  for (const services of [SERVICES.filter(name => !['proxy', 'relay-agent'].includes(name)), ['proxy', 'relay-agent']]) {
    const frozen = (await stack.containers()).filter(({ Service, State }) => services.includes(Service) && State === 'running')
    const pids = (await Promise.all(frozen.map(async ({ ID }) => await stack.docker('top', ID, '-eo', 'pid')))).flatMap(text => text.match(/\d+/g) ?? []).map(Number)
    for (const pid of pids) signal(pid, 'SIGSTOP')
    await stack.untilHealth('unhealthy', services, 30_000).then(() => t.pass(services.join(', ')), (error: Error) => t.fail(error.message))
    for (const pid of pids) signal(pid, 'SIGCONT')
    await stack.untilHealth('healthy', SERVICES, 60_000)
  }
})

t.test('down and up: the ledger is as it was, and calls go on to be counted', async t => {
  const key = await stack.createApp('kept')
  const calls = await startCalls(stack, key, 2)
  await talk(calls, 100)
  await release(callersOf(calls))
  await expectExact(t, stack, 'kept', callersOf(calls), UNHEARD, 'before', UNCOUNTED_CHALLENGE)
  const usage = await appUsage(stack, 'kept')

  await stack.script('down')
  t.same(await stack.containers(), [])
  stack.environment.SPILLWAY_CENTRAL_REDIS_ADDRESS = PUBLIC_ADDRESS
  t.match(await stack.script('up', '--detach'), /^ready in \d+ s, relayed [1-9]\d* bytes$/m)
  t.match(await stack.admin('POST', '/join-tokens', { region: 'us' }), { status: 201 }, 'nodes on other machines may join now')
  const outside = new Redis({ host: PUBLIC_ADDRESS, port: stack.ports.redis, tls: { ca: await stack.read('redis-tls', 'ca.pem') }, username: 'backup', password: await stack.read('backup-password') })
  t.teardown(() => { outside.disconnect() })
  t.equal(await outside.ping(), 'PONG', 'and reach the central Redis over TLS')
  t.same(await appUsage(stack, 'kept'), usage)
  const more = await startCalls(stack, key, 1)
  await talk(more, 10)
  await release(callersOf(more))
  await expectExact(t, stack, 'kept', callersOf([...calls, ...more]), UNHEARD, 'after', UNCOUNTED_CHALLENGE)
})

t.test('down -v leaves nothing behind in the engine', async t => {
  await stack.script('down', '-v')
  const label = ['--filter', 'label=com.docker.compose.project=spillway-test', '--quiet']
  for (const [what, ...args] of [['containers', 'ps', '--all'], ['volumes', 'volume', 'ls'], ['networks', 'network', 'ls']] as const) {
    t.equal((await stack.docker(...args, ...label)).trim(), '', what)
  }
})

/** A health check that ran when processes were listed may have ended since. */
function signal (pid: number, name: NodeJS.Signals): void {
  try {
    kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
