import t from 'tap'
import { callersOf, expectExact, release, startCalls, talk, vanish } from '../helpers/calls.ts'
import { SERVICES, startComposeStack, UNCOUNTED_CHALLENGE } from '../helpers/compose-stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startComposeStack(t)
const witness = await listenToCoturn(t, stack)
/** One that is restarted is asked for its health every 5 s. */
const HEALTHY_MS = 60_000

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

t.test('while no control plane runs, the proxy writes no key into its log', async t => {
  const [secret = ''] = stack.secrets
  await stack.compose('stop', 'control-plane')
  const { status } = await stack.call(`${stack.api}/turn?service=turn&username=u&key=${secret}`, 'GET', secret)
  t.ok(status >= 500, `answered ${status}`)
  const log = await stack.compose('logs', '--no-color', 'proxy')
  t.match(log, /"status":50\d|"level":"error"/, 'it told of the failure')
  t.notMatch(log, secret, 'without the key')
  await stack.compose('start', 'control-plane')
  await stack.untilHealth('healthy', ['control-plane', 'proxy'], HEALTHY_MS)
})
