import { spawnSync } from 'node:child_process'
import t from 'tap'
import { listMetrics } from '../../scripts/list-metrics.ts'
import { until } from '../../scripts/until.ts'
import { MASTER_KEY, startControlPlane } from '../helpers/control-plane.ts'
import { startOwnProcess } from '../helpers/own-process.ts'
import { NODE, startRelayNode } from '../helpers/relay-node.ts'
import { findSample } from '../helpers/samples.ts'
import { readLedger, sumOf } from '../helpers/usage-rows.ts'

const node = await startRelayNode(t)
const central = { SPILLWAY_REDIS_URL: node.central.url(), SPILLWAY_MASTER_KEY: MASTER_KEY }
const plane = await startControlPlane(t, { redis: node.central })
const [ledger, prober] = [
  startOwnProcess(t, 'ledger', { ...central, SPILLWAY_LEDGER_OPS_PORT: '0' }),
  startOwnProcess(t, 'prober', { SPILLWAY_REDIS_URL: node.central.url(), SPILLWAY_PROBER_OPS_PORT: '0' })
]
const agent = await node.startAgent()
const ports = { ledger: (await ledger.started()).ops?.port, prober: (await prober.started()).ops?.port, 'relay-agent': (await agent.started()).ops?.port, 'control-plane': plane.opsPort }
type Process = keyof typeof ports
const scrape = async (process: Process): Promise<string> => await (await fetch(`http://127.0.0.1:${ports[process]}/metrics`)).text()
const sample = async (process: Process, name: string, where?: string): Promise<number | undefined> => findSample(await scrape(process), `spillway_${name}`, where)

await node.heard('the node serves', ({ generationsApplied }) => generationsApplied?.length === 1)
await until('it is probed well', async () => await sample('prober', 'probe_url_state', 'transport="udp",state="good"') === 1, 30_000)

t.test('a call shows while it runs, and its bytes and its end are those of the ledger', async t => {
  const [one, two] = [await node.allocate('alice'), await node.allocate('bob')]
  if (typeof one === 'number' || typeof two === 'number') throw new Error('no allocation')
  await until('both are told of', async () => await sample('prober', 'node_sessions', `node="${NODE}"`) === 2 && await sample('ledger', 'sessions_open') === 2, 15_000)
  t.equal(await sample('prober', 'node_coturn_up'), 1)
  t.equal(await sample('prober', 'node_admitting'), 1)
  t.equal(await sample('prober', 'node_capacity_bits_per_second'), 100e6)
  t.ok(Math.abs(await sample('prober', 'node_last_seen_timestamp_seconds') as number - Date.now() / 1000) < 15)
  for (const client of [one, two]) {
    await client.refresh(0)
    await client.close()
  }
  await until('their ends are booked', async () => await sample('ledger', 'relay_sessions_total', 'outcome="closed"') === 2, 15_000)
  t.equal(await sample('ledger', 'relay_session_duration_seconds_count'), 2, 'probes, which ended meanwhile, are not among them')
  const booked = sumOf((await readLedger(node.centre)).filter(({ key }) => key.app === 'shop'))
  t.ok(booked.bytesIn > 0 && booked.bytesOut > 0)
  t.equal(await sample('ledger', 'relay_bytes_total', 'app="shop",provider="coturn",region="default",direction="in"'), booked.bytesIn)
  t.equal(await sample('ledger', 'relay_bytes_total', 'app="shop",provider="coturn",region="default",direction="out"'), booked.bytesOut)
  t.equal(await sample('ledger', 'relay_bytes_total', 'app="_probe"'), undefined)
  await until('none is open', async () => await sample('ledger', 'sessions_open') === 0, 10_000)
  await until('a job has run here', async () => await sample('ledger', 'job_leader', 'task="erase-users"') === 1, 10_000)
  t.equal(await sample('ledger', 'job_failures_total'), 0)
})

t.test('requests for credentials are told by what became of them', async t => {
  const key = await plane.createApp('shop')
  const before = await sample('control-plane', 'credential_requests_total', 'outcome="served"') as number
  t.equal((await plane.issue(key)).status, 201)
  t.equal(await sample('control-plane', 'credential_requests_total', 'outcome="served"'), before + 1)
  const rejected = async () => Object.fromEntries(await Promise.all(['auth', 'validation'].map(async reason => [reason, await sample('control-plane', 'credentials_rejected_total', `reason="${reason}"`)])))
  const { auth, validation } = await rejected()
  await plane.issue('sk_nobody')
  await plane.issue(key, { ttl: -1 })
  await plane.admin('GET', '/apps', undefined, 'nobody')
  t.same(await rejected(), { auth: auth + 1, validation: validation + 1 }, 'the admin API has no part in it')
  t.equal(await sample('control-plane', 'credential_requests_total', 'outcome="failed"'), 0)
  t.equal(await sample('control-plane', 'credential_request_duration_seconds_count', 'route="/v1/credentials"'), before + 1)
  t.equal(await sample('control-plane', 'provider_configured', 'provider="coturn"'), 1)
  t.equal(await sample('control-plane', 'provider_configured', 'provider="twilio"'), 0)
  t.ok(await sample('control-plane', 'snapshot_age_seconds') as number < 5)
  t.ok(await sample('control-plane', 'node_promised_allocations', `node="${NODE}"`) as number > 0, 'the credential has promised some')
})

for (const process of Object.keys(ports) as Process[]) {
  t.test(`${process} shows what it is listed with, nothing is refused, and promtool has nothing to say of it`, async t => {
    const text = await scrape(process)
    const shown = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`)
    const listed = listMetrics().filter(metric => metric.process === process).map(({ name, type }) => `${name} ${type}`)
    t.same(shown.filter(metric => !listed.includes(metric)), [])
    t.same(listed.filter(metric => metric.startsWith('spillway_') && !shown.includes(metric)), [])
    t.equal(findSample(text, 'spillway_metric_series_dropped_total'), 0)
    t.equal(findSample(text, 'spillway_redis_up', 'redis="central"'), 1)
    const { error, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    if (error) throw error
    // rates of networks are told in bits, by everybody who sells or measures them
    t.same(stderr.split('\n').filter(line => line !== '' && !line.includes('use base unit "bytes" instead of "bits"')), [])
  })
}
