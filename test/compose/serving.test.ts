import { exec } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { exchange } from '../../services/turn/turn-exchange.ts'
import { pickTurnServer } from '../../services/turn/turn-url.ts'
import { until } from '../../scripts/until.ts'
import { callInBrowser } from '../helpers/browser-call.ts'
import { appUsage, callersOf, expectExact, ledgerSessions, release, startCalls, talk, vanish } from '../helpers/calls.ts'
import { SERVICES, startComposeStack, UNCOUNTED_CHALLENGE } from '../helpers/compose-stack.ts'
import { sum } from '../helpers/counts.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const run = promisify(exec)
const MEGABYTES_5 = 5_000_000
/** One that is restarted is asked for its health every 5 s. */
const HEALTHY_MS = 60_000
const stack = await startComposeStack(t)
const witness = await listenToCoturn(t, stack)

t.test('up says how to go on; everything was healthy within a minute, and the curl works when pasted', async t => {
  const lines = stack.printed.trim().split('\n').slice(-5)
  t.match(lines, [/^api http:\/\//, /^ops http:\/\//, /^curl /, /^admin token .*admin-token$/, /^ready in \d+ s, relayed [1-9]\d* bytes$/])
  t.match(stack.printed, /assumed: 203\.0\.113\.10 is the public address/)
  t.ok(Number(/ready in (\d+) s/.exec(stack.printed)?.[1]) < 60, String(lines.at(-1)))
  const containers = await stack.containers()
  t.same(containers.filter(({ Health }) => Health === 'healthy').map(({ Service }) => Service).sort(), SERVICES)
  t.match(containers.filter(({ Health }) => Health !== 'healthy'), [{ Service: 'volumes', State: 'exited', ExitCode: 0 }], 'beside them only what has done its work')
  t.match((await run(`${lines[2]} -o /dev/null -w '%{http_code}'`)).stdout, /201$/)
})

for (const transport of ['udp', 'tcp'] as const) {
  t.test(`calls over ${transport} are in the ledger to the byte`, async t => {
    const key = await stack.createApp(`exact-${transport}`)
    const calls = await startCalls(stack, key, 3, { transport })
    await talk(calls, 200)
    await release(callersOf(calls))
    await expectExact(t, stack, `exact-${transport}`, callersOf(calls), witness, transport, transport === 'udp' ? UNCOUNTED_CHALLENGE : undefined)
  })
}

t.test('a call over TLS checks the certificate and is in the ledger', async t => {
  const key = await stack.createApp('exact-tls')
  const { body } = await stack.issue(key)
  const server = pickTurnServer(body.iceServers, 'tls')
  if (!server) throw new Error('no turns: URL in the reply')
  await t.rejects(TurnClient.connect(server), 'with what Node trusts alone it is refused')
  const ca = await readFile(stack.ca, 'utf8')
  const [a, b] = await Promise.all([TurnClient.connect({ ...server, ca }), TurnClient.connect({ ...server, ca })])
  const { arrivedBytes } = await exchange({ a, b, packets: 100, payloadBytes: 160 })
  t.equal(arrivedBytes, 2 * 100 * 160)
  await Promise.all([a, b].map(async client => { await client.release() }))
  await Promise.all([a, b].map(async client => { await client.close() }))
  await until('both sessions are closed in the ledger', async () => (await ledgerSessions(stack, 'exact-tls', 'ended')).length === 2, 30_000)
  const { bytesIn, bytesOut } = await appUsage(stack, 'exact-tls')
  t.same({ bytesIn, bytesOut }, { bytesIn: a.traffic.sentBytes + b.traffic.sentBytes, bytesOut: a.traffic.receivedBytes + b.traffic.receivedBytes })
})

for (const transport of ['udp', 'tcp', 'tls'] as const) {
  t.test(`two peers in Chromium exchange 5 MB each way over ${transport}`, async t => {
    const app = `browser-${transport}`
    const key = await stack.createApp(app)
    const wanted = { udp: /^turn:.*=udp$/, tcp: /^turn:.*=tcp$/, tls: /^turns:/ }[transport]
    const ice = async (user: string) => {
      const { body } = await stack.issue(key, { user, room: 'call' })
      return { iceServers: body.iceServers.map((entry: { urls: string[] }) => ({ ...entry, urls: entry.urls.filter(url => wanted.test(url)) })) }
    }
    const { arrived, pairs } = await callInBrowser(t, { ice, bytes: MEGABYTES_5, args: ['--ignore-certificate-errors'] })
    t.same(arrived, [MEGABYTES_5, MEGABYTES_5])
    t.match(pairs, [{ local: 'relay', relayProtocol: transport }, { local: 'relay', relayProtocol: transport }])
    await until('the sessions have ended in the ledger', async () =>
      (await ledgerSessions(stack, app, 'open')).length === 0 && ((await appUsage(stack, app)).bytesIn ?? 0) >= 2 * MEGABYTES_5, 30_000)
    const { lostSessions, packetsIn, bytesIn, packetsOut, bytesOut } = await appUsage(stack, app)
    t.equal(lostSessions, 0)
    const tags = new Set((await ledgerSessions(stack, app, 'ended')).map(({ userTag }) => userTag))
    t.same({ packetsIn, bytesIn, packetsOut, bytesOut }, sum([...tags].map(witness.sumOf)), "the ledger holds coturn's own totals")
  })
}

t.test('Prometheus reaches every target and has loaded every rule', async t => {
  const ask = async (path: string): Promise<any> => (await (await fetch(`http://127.0.0.1:9090/api/v1/${path}`)).json() as any).data
  await until('every target is up', async () => (await ask('targets')).activeTargets.every(({ health }: any) => health === 'up'), 60_000, 1_000).catch(() => {})
  const targets = (await ask('targets')).activeTargets
  t.same(targets.map(({ labels, health, lastError }: any) => ({ job: labels.job, health, lastError })).sort(byJob),
    ['control-plane', 'ledger', 'prober', 'prometheus', 'relay-agent'].map(job => ({ job, health: 'up', lastError: '' })))
  const { groups } = await ask('rules')
  t.ok(groups.length > 3)
  t.same(groups.flatMap(({ rules }: any) => rules).filter(({ health }: any) => health === 'err'), [])
  const [alertmanager] = (await ask('alertmanagers')).activeAlertmanagers
  t.match(alertmanager?.url, /alertmanager:9093/)
})

for (const service of SERVICES.filter(name => name !== 'coturn')) {
  t.test(`a restart of ${service} under running calls loses no byte`, async t => {
    const app = `restart-${service}`
    const calls = await startCalls(stack, await stack.createApp(app), 2)
    const enough = new AbortController()
    const talking = (async () => { while (!enough.signal.aborted) await talk(calls, 20) })()
    await stack.compose('restart', service)
    await stack.untilHealth('healthy', [service], HEALTHY_MS)
    enough.abort()
    await talking
    await talk(calls, 20)
    await release(callersOf(calls))
    await expectExact(t, stack, app, callersOf(calls), witness, service, UNCOUNTED_CHALLENGE)
  })
}

t.test('a restart of coturn ends its calls, and counts them whole', async t => {
  const key = await stack.createApp('restart-coturn')
  const calls = await startCalls(stack, key, 2)
  await talk(calls, 50)
  await stack.compose('restart', 'coturn')
  await stack.untilHealth('healthy', ['coturn'], HEALTHY_MS)
  await expectExact(t, stack, 'restart-coturn', callersOf(calls), witness, 'coturn', UNCOUNTED_CHALLENGE)
  await vanish(callersOf(calls))
  const next = await startCalls(stack, key, 1)
  await talk(next, 10)
  t.ok(callersOf(next).every(({ client }) => client.traffic.receivedPackets > 10), 'and the next calls go through')
  await release(callersOf(next))
})

t.test('while no control plane runs, the proxy writes no key into its log; it finds one that is back', async t => {
  const [secret = ''] = stack.secrets
  await stack.compose('stop', 'control-plane')
  const { status } = await stack.call(`${stack.api}/turn?service=turn&username=u&key=${secret}`, 'GET', secret)
  t.ok(status >= 500, `answered ${status}`)
  const log = await stack.compose('logs', '--no-color', 'proxy')
  t.match(log, /"status":50\d|"level":"error"/, 'it told of the failure')
  t.notMatch(log, secret, 'without the key')
  const enough = new AbortController()
  // so that the proxy has tried in vain until the last moment
  const asking = (async () => { while (!enough.signal.aborted) await stack.call(`${stack.api}/turn/status`, 'GET', '').catch(() => {}) })()
  try {
    await stack.compose('start', 'control-plane')
    await stack.untilHealth('healthy', ['control-plane'], HEALTHY_MS)
    t.equal((await stack.call(`${stack.api}/turn/status`, 'GET', '')).status, 200, 'and finds the control plane as soon as it is back')
  } finally {
    enough.abort()
    await asking
  }
  await stack.untilHealth('healthy', ['proxy'], HEALTHY_MS)
})

const byJob = (a: { job: string }, b: { job: string }): number => a.job < b.job ? -1 : 1
