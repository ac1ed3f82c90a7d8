import t from 'tap'
import { until } from '../../scripts/until.ts'
import { startStack } from '../helpers/stack.ts'

const stack = await startStack(t, { slot: 29, flags: ['--fake-providers'] })
const key = await stack.createApp('shop')
const provider = async (): Promise<string> => (await stack.issue(key)).body.provider
const behave = async (port: number, method: string, body?: object) =>
  await fetch(`http://127.0.0.1:${port}/_fake`, { method, ...body ? { body: JSON.stringify(body) } : {} })

t.test('the own relay serves while it can, and nobody else is asked', async t => {
  t.equal(await provider(), 'coturn')
  const { calls } = await (await behave(stack.ports.fakeCloudflare, 'GET')).json() as { calls: Record<string, number> }
  t.equal(calls.mint, undefined)
  t.match((await stack.call(`${stack.api}/turn/status`, 'GET', key)).body, { coturn: true, cloudflare: true, twilio: true })
})

t.test('the relay stops: the next credential comes from Cloudflare, and it is known why', async t => {
  await stack.signal('node-1-coturn', 'SIGTERM')
  await until('the spill begins', async () => await provider() === 'cloudflare', 30_000)
  const { body } = await stack.issue(key, { user: 'alice' })
  t.match(body, { provider: 'cloudflare', expiryEndsCalls: true, degraded: false, iceServers: [{ urls: [/^turn:turn\.cloudflare\.com/], username: /./ }] })
  const newest = async () => (await stack.admin('GET', '/decisions?provider=cloudflare&app=shop&limit=1')).body.decisions[0]
  await until('it is recorded', newest)
  t.match(await newest(), { app: 'shop', reason: 'fallback', nodes: [] })
})

t.test('Cloudflare hangs: Twilio serves in time; and where both are out, STUN is left', async t => {
  await behave(stack.ports.fakeCloudflare, 'PUT', { mode: 'hang' })
  const startedMs = performance.now()
  t.equal(await provider(), 'twilio')
  t.ok(performance.now() - startedMs < 2_500)
  await behave(stack.ports.fakeTwilio, 'PUT', { mode: 'forbidden' })
  t.match((await stack.issue(key)).body, { provider: 'stun', degraded: true })
  const { body: { providers } } = await stack.admin('GET', '/providers')
  t.match(providers.find((each: { provider: string }) => each.provider === 'twilio'), { circuit: { state: 'misconfigured', lastError: { kind: 'misconfigured' } } })
})

t.test('the relay is back: so are the credentials', async t => {
  await stack.up()
  await until('the own relay serves again', async () => await provider() === 'coturn', 30_000)
})

t.test('no log of this run holds a secret', stack.searchLogs)
