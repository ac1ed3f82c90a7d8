import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { freePort } from '../../../scripts/free-port.ts'
import { until } from '../../../scripts/until.ts'
import { writeNoNode, writeObserved } from '../../../services/store/nodes.ts'
import type { Redis } from '../../../services/store/connect.ts'
import { readHealth } from '../../../services/store/health.ts'
import { writeProbeCredential } from '../../../services/store/probe-credentials.ts'
import { desiredNode, registerNode, write } from '../../helpers/central-state.ts'
import { observedNode } from '../../helpers/node-facts.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const HOUR_MS = 3_600_000
const JUDGED_MS = 25_000
const ACL = readFileSync(new URL('../../../infra/redis/central-prober.acl.template', import.meta.url), 'utf8')

/** Makes the user a prober comes as, with no more than it is given where Spillway is installed; returns its URL. */
async function proberUrl (redis: Redis, url: string): Promise<string> {
  const [, name = '', ...rules] = ACL.trim().replace('@PASSWORD_SHA256@', createHash('sha256').update('secret').digest('hex')).split(' ')
  await redis.acl('SETUSER', name, ...rules)
  return url.replace('//', `//${name}:secret@`)
}

t.test('several probers say what each of them found, by its name, and take it back with the node', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  const url = `turn:127.0.0.1:${await freePort()}?transport=udp`
  await registerNode(redis, 'gone')
  await registerNode(redis, 'silent')
  await writeObserved(redis, 'gone', observedNode({ urls: [url] }))
  await writeProbeCredential(redis, 'gone', { username: 'u', password: 'p', expiresAtMs: Date.now() + HOUR_MS, generation: 1, keyId: '0123456789abcdef' }, HOUR_MS)
  const names = ['east', 'west']
  const central = await proberUrl(redis, server.url())
  const startProber = (name: string) => startOwnProcess(t, 'prober', { SPILLWAY_REDIS_URL: central, SPILLWAY_PROBER_NAME: name, SPILLWAY_PROBER_OPS_PORT: '0' })
  const probers = names.map(startProber)
  const ports = (await Promise.all(probers.map(async prober => await prober.started()))).map(({ ops }) => ops?.port)
  const said = async () => (await readHealth(redis, ['gone'])).get('gone') ?? new Map()

  await until('both have condemned it', async () => {
    const health = await said()
    return names.every(name => health.get(name)?.urls[0]?.state === 'bad')
  }, JUDGED_MS, 200)
  for (const [name, { reaches, urls }] of await said()) {
    t.match(urls, [{ url, state: 'bad', failure: { stage: 'binding', cause: 'refused' } }], name)
    t.equal(reaches, true, `${name}: a refusal is an answer`)
  }
  t.same((await readHealth(redis, ['silent'])).get('silent'), new Map(), 'a node whose agent never spoke has nothing to probe')

  const scrape = async () => await (await fetch(`http://127.0.0.1:${ports[0]}/metrics`)).text()
  await until('the metrics say so', async () => /^spillway_probe_url_state\{node="gone",region="eu",transport="udp",state="bad"\} 1$/m.test(await scrape()))
  const scraped = await scrape()
  t.match(scraped, /^spillway_probes_total\{[^}]*outcome="refused"\} [1-9]/m)
  t.notMatch(scraped, /127\.0\.0\.1/, 'no address in a label')
  t.match(scraped, /^spillway_redis_up\{redis="central"\} 1$/m, 'its user may ask whether Redis answers')

  const west = (await said()).get('west')
  probers[1]?.terminate()
  await probers[1]?.exit(15_000)
  startProber('west')
  await until('the one started anew has spoken', async () => (await said()).get('west')?.beat !== west?.beat, JUDGED_MS, 50)
  t.match((await said()).get('west'), { urls: [{ state: 'bad', failure: { cause: 'refused' } }] }, 'and the node is not thought to be well for that')

  // all but what the control plane takes back itself
  await write(redis, ...writeNoNode('gone', desiredNode()).filter(change => !('gone' in change)))
  await until('both have taken it back', async () => (await said()).size === 0, JUDGED_MS, 200)
  await until('and no series is left', async () => !(await scrape()).includes('spillway_probe_url_state{'))
  for (const { said: { stdout } } of probers) t.notMatch(stdout, /"u"|"p"/, 'no credential in the log')
})

t.test('without a credential, and without the centre, a prober says so and goes on', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const redis = await server.connect()
  await registerNode(redis, 'node')
  await writeObserved(redis, 'node', observedNode({ urls: [`turn:127.0.0.1:${await freePort()}?transport=tcp`] }))
  const prober = startOwnProcess(t, 'prober', { SPILLWAY_REDIS_URL: server.url(), SPILLWAY_PROBER_OPS_PORT: '0' })
  const { ops } = await prober.started()
  const readiness = async () => await (await fetch(`http://127.0.0.1:${ops?.port}/readyz`)).json() as { status: string, degraded: Record<string, string> }
  const startedMs = performance.now()
  await until('it misses a credential', async () => /no credential to probe node/.test((await readiness()).degraded.credentials ?? ''))
  t.ok(performance.now() - startedMs > 9_000, 'not of a node that has just spoken: a control plane is about to make one')
  await server.stop()
  await until('it misses the centre', async () => (await readiness()).degraded.redis !== undefined)
  t.equal((await readiness()).status, 'degraded')
  await server.start()
  await until('and has it again', async () => (await readiness()).degraded.redis === undefined)
  t.ok(prober.running)
})
