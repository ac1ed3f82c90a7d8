import { createServer } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { STRIKES_TO_OPEN } from '../../../services/upstream/circuit.ts'
import { ask } from '../../helpers/control-plane.ts'
import { startSpill } from '../../helpers/spill.ts'

const spill = await startSpill(t)
const { cloudflare, twilio } = spill.fakes
const plane = await spill.fresh()
const user = (index: number) => ({ user: `user-${index}` })

t.test('what is not failing is at zero, and the state of the circuits is told', async t => {
  const { text } = await ask(`${plane.ops}/metrics`, 'GET')
  for (const outcome of ['ok', 'server_error', 'timeout', 'unreachable', 'bad_reply', 'rate_limited', 'misconfigured', 'rejected', 'busy', 'circuit_open']) {
    for (const provider of ['cloudflare', 'twilio']) t.match(text, new RegExp(`^spillway_upstream_requests_total\\{provider="${provider}",outcome="${outcome}"\\} \\d+$`, 'm'))
  }
  t.match(text, /^spillway_upstream_request_duration_seconds_count\{provider="twilio"\} 0$/m)
  t.match(text, /^spillway_upstream_circuit_state\{provider="twilio",state="closed"\} 1$/m)
  t.equal(await plane.metric('spillway_upstream_circuit_state', 'provider="twilio"'), 1, 'one of the four')
  t.match((await plane.admin('GET', '/providers')).body.providers.map(({ provider, configured, paid }: Record<string, unknown>) => [provider, configured, paid]),
    [['coturn', true, false], ['cloudflare', true, true], ['twilio', true, true], ['stun', true, false], ['static', false, false]])
  t.match((await ask(`${plane.api}/turn/status`, 'GET')).body, { cloudflare: true, twilio: true })
})

t.test('the same user at a time has one credential, two users never, nor two apps', async t => {
  cloudflare.reset()
  // long enough for all of them to come in meanwhile
  cloudflare.set('slow', { delayMs: 1_000 })
  const same = await spill.many(plane, 50, () => ({ user: 'alice' }))
  t.equal(new Set(same.map(({ body }) => body.username)).size, 1)
  t.equal(cloudflare.count(), 1)
  cloudflare.set('ok')
  const others = await spill.many(plane, 50, index => index < 25 ? user(index) : {})
  t.equal(new Set(others.map(({ body }) => body.username)).size, 50)
  t.not((await spill.timed(plane, { user: 'alice' })).body.username, same[0]?.body.username, 'and nothing is kept')
})

t.test('a 429 is heeded: nothing is sent for as long as was asked, then one finds out', async t => {
  cloudflare.reset()
  cloudflare.set('rate-limited', { times: 1, retryAfterSeconds: 1 })
  t.equal((await spill.timed(plane)).body.provider, 'twilio')
  const { state, since, retryAt, lastError } = await spill.circuit(plane, 'cloudflare')
  t.match([state, lastError.kind], ['open', 'rate_limited'])
  t.ok(Date.parse(retryAt) - Date.parse(since) >= 1_000)
  await spill.many(plane, 20, user)
  t.equal(cloudflare.count(), 1)
  await until('it is asked again', async () => (await spill.timed(plane)).body.provider === 'cloudflare')
  t.ok(Date.now() >= Date.parse(retryAt))
  t.equal((await spill.circuit(plane, 'cloudflare')).state, 'closed')
})

t.test('failures one after the other open it at the fifth', async t => {
  cloudflare.reset()
  cloudflare.set('malformed')
  for (let struck = 0; struck < STRIKES_TO_OPEN + 3; struck++) t.equal((await spill.timed(plane)).body.provider, 'twilio')
  t.equal(cloudflare.count(), STRIKES_TO_OPEN)
  t.match(await spill.circuit(plane, 'cloudflare'), { state: 'open', lastError: { kind: 'bad_reply' } })
})

let crowded = plane
t.test('a provider that hangs under a crowd: all are served in time, few requests were spent on it, and one finds out', async t => {
  const plane = crowded = await spill.fresh()
  cloudflare.set('hang')
  const startedMs = performance.now()
  const answers = await spill.many(plane, 100, user)
  // they share this machine's cores with the client that measures
  t.ok(performance.now() - startedMs < 4_000, `100 in ${Math.round(performance.now() - startedMs)} ms`)
  // who comes to the end of its patience in the queue for Twilio still has STUN, and is not many
  const by = Object.groupBy(answers, ({ body }) => body.provider)
  t.same(Object.keys(by).filter(provider => !['twilio', 'stun'].includes(provider)), [])
  t.ok((by.twilio?.length ?? 0) > 50, `${by.twilio?.length} of Twilio`)
  t.ok(cloudflare.count() < 64 + STRIKES_TO_OPEN, `${cloudflare.count()} requests of 100`)
  t.ok(twilio.state().mostInFlight <= 64)

  const spent = cloudflare.count()
  const open = await spill.circuit(plane, 'cloudflare')
  t.match(open, { state: 'open', lastError: { kind: 'timeout' } })
  const redis = await spill.redis.connect()
  let [issues, sinceMs] = [0, 0]
  await until('what was not handed out is taken back: nothing has come for a second', async () => {
    const now = await redis.xlen('paid-issues')
    if (now !== issues) [issues, sinceMs] = [now, Date.now()]
    return issues > 0 && Date.now() - sinceMs > 1_000
  })
  const meanwhile = await spill.many(plane, 100, () => ({}))
  t.same([...new Set(meanwhile.map(({ body }) => body.provider))], ['twilio'])
  t.equal(cloudflare.count(), spent, 'while it is open nothing is sent')
  t.equal(await redis.xlen('paid-issues') - issues, 100, 'and nothing is set aside for it')
  t.equal(await plane.metric('spillway_decisions_total', 'provider="twilio",reason="circuit_open"'), 100)
  await until('it is recorded', async () => (await plane.admin('GET', '/decisions?reason=circuit_open&limit=100')).body.decisions.length === 100)
  t.match((await plane.admin('GET', '/decisions?reason=circuit_open&limit=1')).body.decisions, [{ provider: 'twilio', failed: [], skipped: [{ provider: 'cloudflare', reason: 'circuit_open' }] }])
  const { skipped, sentences } = (await ask(`${plane.api}/v1/credentials/explain`, 'POST', { token: spill.key })).body
  t.match(skipped, [{ provider: 'coturn', reason: 'no_node' }, { provider: 'cloudflare', reason: 'circuit_open', circuit: { state: 'open', retryAt: open.retryAt, lastFailure: 'timeout' } }])
  t.ok(sentences.some((sentence: string) => /^cloudflare is not tried until 20.*: it failed lately \(timeout\)/.test(sentence)), sentences.join('\n'))

  cloudflare.set('ok')
  await until('it may be asked again', async () => (await spill.circuit(plane, 'cloudflare')).state === 'half_open')
  t.equal(cloudflare.count(), spent)
  cloudflare.set('slow', { delayMs: 300 })
  const atOnce = await spill.many(plane, 50, user)
  t.equal(atOnce.filter(({ body }) => body.provider === 'cloudflare').length, 1, 'one of fifty finds out')
  t.equal(cloudflare.count(), spent + 1)
  cloudflare.set('ok')
  t.match(await spill.circuit(plane, 'cloudflare'), { state: 'closed', retryAt: null, lastError: { kind: 'timeout' } })
  t.match((await spill.timed(plane)).body, { provider: 'cloudflare' })
  t.match(plane.log, /the paid provider serves again/)
})

t.test('both hang under a crowd: every caller has STUN in time', async t => {
  const plane = crowded
  for (const fake of [cloudflare, twilio]) fake.reset()
  cloudflare.set('hang')
  twilio.set('trickle')
  const slowest = await Promise.all(Array.from({ length: 200 }, async () => await spill.timed(plane)))
  t.same([...new Set(slowest.map(({ body }) => body.provider))], ['stun'])
  t.ok(Math.max(...slowest.map(({ ms }) => ms)) < 3_500, `${Math.round(Math.max(...slowest.map(({ ms }) => ms)))} ms`)
  t.ok(cloudflare.count() < 64 + STRIKES_TO_OPEN && twilio.count() < 64 + STRIKES_TO_OPEN)
})

t.test('a refused account is said to be one, once, and is not asked again soon', async t => {
  const plane = await spill.fresh({ TWILIO_AUTH_TOKEN: 'not-the-token' })
  cloudflare.set('not-found')
  for (let again = 0; again < 10; again++) t.equal((await spill.timed(plane)).body.provider, 'stun')
  t.same([cloudflare.count(), twilio.count()], [1, 1])
  for (const provider of ['cloudflare', 'twilio']) {
    const { state, since, retryAt } = await spill.circuit(plane, provider)
    t.equal(state, 'misconfigured')
    const waitMs = Date.parse(retryAt) - Date.parse(since)
    t.ok(waitMs >= 59_999 && waitMs <= 72_001, `${waitMs} ms`)
    t.equal(await plane.metric('spillway_upstream_circuit_state', `provider="${provider}",state="misconfigured"`), 1)
  }
  const errors = plane.log.split('\n').filter(line => line.includes('refuses this account'))
  t.match(errors, [/CLOUDFLARE_TURN_KEY_ID/, /TWILIO_ACCOUNT_SID/])
  t.equal(errors.length, 2)
  t.match(plane.log, /answered 401, code 20003/, "with Twilio's own number of the error")
})

t.test('where users of an app share, a thousand at a time make one mint, and apps stay apart', async t => {
  const plane = await spill.fresh({ SPILLWAY_PAID_SHARE_SECONDS: '60' })
  cloudflare.set('slow', { delayMs: 300 })
  const answers = await spill.many(plane, 1_000, user)
  t.same([...new Set(answers.map(({ status }) => status))], [201])
  t.equal(new Set(answers.map(({ body }) => body.username)).size, 1)
  t.equal(cloudflare.count(), 1)
  cloudflare.set('ok')
  const later = await spill.timed(plane, user(1_001))
  t.equal(later.body.username, answers[0]?.body.username)
  t.match(later.body, { ttl: 3_600 }, 'and lives as long for who comes last')
  t.equal(cloudflare.minted.at(-1)?.ttl, 3_660)
  const chat = await plane.createApp('chat')
  const other = await plane.issue(chat)
  t.not(other.body.username, later.body.username)
  t.match(cloudflare.minted.at(-1), { customIdentifier: 'chat', username: other.body.username })
  t.equal(cloudflare.count(), 2)

  cloudflare.set('reset')
  const failing = await spill.many(plane, 1_000, index => ({ ...user(index), ttl: 700 }))
  t.same([...new Set(failing.map(({ body }) => body.provider))], ['twilio'])
  t.equal(twilio.count(), 1)
  // it is kept for a second, and a thousand callers may take longer than that to come in
  t.ok(cloudflare.count() - 2 <= 3, `a failure is shared as well: ${cloudflare.count() - 2} for a thousand`)
})

t.test('what the environment says of Twilio and of proxies changes nothing', async t => {
  let connections = 0
  const trap = createServer(socket => {
    connections += 1
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(trap, 'listening')
  t.teardown(() => { trap.close() })
  const proxy = `http://127.0.0.1:${(trap.address() as { port: number }).port}`
  const plane = await spill.fresh({
    TWILIO_REGION: 'ie1',
    TWILIO_EDGE: 'dublin',
    TWILIO_LOG_LEVEL: 'debug',
    TWILIO_CA_BUNDLE: '/nonexistent',
    TWILIO_USERNAME: 'x',
    TWILIO_PASSWORD: 'x',
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    ALL_PROXY: proxy,
    SPILLWAY_PROVIDER_ORDER: 'twilio,cloudflare'
  })
  t.match((await spill.timed(plane)).body, { provider: 'twilio' })
  twilio.set('server-error')
  t.match((await spill.timed(plane)).body, { provider: 'cloudflare' })
  t.equal(connections, 0)
  t.same([twilio.count(), cloudflare.count()], [2, 1])
})

t.test('no log holds a secret, an account or what was minted', spill.searchLogs)
