import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { isUsableUrl, MAX_URLS } from '../../../services/domain/ice-servers.ts'
import { MODES } from '../../fakes/behaviour.ts'
import type { Mode } from '../../fakes/behaviour.ts'
import type { Answer } from '../../helpers/control-plane.ts'
import { startSpill } from '../../helpers/spill.ts'

const spill = await startSpill(t)
const { cloudflare, twilio } = spill.fakes
const plane = await spill.fresh()

/** What each mode comes to at each provider; `ok` is served by it. */
const expected: Record<Mode, string> = {
  ok: 'ok',
  slow: 'ok',
  'older-shape': 'ok',
  'server-error': 'server_error',
  'html-error': 'server_error',
  'bad-request': 'rejected',
  redirect: 'rejected',
  unauthorized: 'misconfigured',
  forbidden: 'misconfigured',
  'not-found': 'misconfigured',
  'rate-limited': 'rate_limited',
  'rate-limited-bare': 'rate_limited',
  hang: 'timeout',
  trickle: 'timeout',
  stall: 'timeout',
  'stalled-refusal': 'misconfigured',
  reset: 'unreachable',
  malformed: 'bad_reply',
  nulls: 'bad_reply',
  'missing-list': 'bad_reply',
  'empty-list': 'bad_reply',
  'unusable-urls': 'bad_reply',
  'stun-only': 'bad_reply',
  // Cloudflare says no ttl at all
  'short-ttl': 'bad_reply',
  'huge-body': 'bad_reply'
}

/** Fit for `new RTCPeerConnection(reply)`, and no more in it than that. */
function checkReply (t: Test, { status, body }: Answer, what: string): void {
  t.equal(status, 201, what)
  const urls: string[] = body.iceServers.flatMap(({ urls }: { urls: string[] }) => urls)
  t.ok(urls.length > 0 && urls.length <= MAX_URLS && new Set(urls).size === urls.length, `${what}: few URLs, none twice`)
  for (const { urls, username, credential, ...rest } of body.iceServers) {
    t.ok(urls.every((url: string) => isUsableUrl(url, username !== undefined && credential !== undefined)), `${what}: ${urls}`)
    t.same(rest, {})
  }
  if (body.provider !== 'stun') t.notOk(urls.some(url => url.startsWith('stun:')), `${what}: no STUN beside a relay over udp`)
  t.ok(Math.abs(Date.parse(body.expiresAt) - Date.now() - body.ttl * 1000) < 5_000, `${what}: the ttl is true`)
}

t.test('the first paid provider serves: for its ttl at most, and says that expiry ends calls', async t => {
  const { body } = await spill.timed(plane, { user: 'alice', ttl: 86_400 })
  t.match(body, { provider: 'cloudflare', ttl: 14_400, expiryEndsCalls: true, degraded: false, region: null })
  t.match(cloudflare.minted.at(-1), { ttl: 14_400, customIdentifier: 'shop', username: body.username, credential: body.password }, 'and is told of the app, not of its user')
  cloudflare.set('server-error')
  const { body: second } = await spill.timed(plane, { user: 'alice', ttl: 86_400 })
  t.match(second, { provider: 'twilio', ttl: 1_800, expiryEndsCalls: true, degraded: false })
  t.ok(Date.parse(second.refreshAfter) - Date.now() <= 1_350_000, 'to be renewed while a quarter of it is left')
  t.match((await spill.timed(plane, { user: 'bob', ttl: 1 })).body, { ttl: 1 }, 'a short one ends when it was asked to')
  t.equal(twilio.minted.at(-1)?.ttl, 60, 'though Twilio is not known to give less than a minute')
  const newest = async () => (await plane.admin('GET', '/decisions?provider=twilio&limit=1')).body.decisions[0]
  await until('it is recorded', newest)
  t.match(await newest(), { failed: ['cloudflare'], reason: 'fallback' })
  cloudflare.set('ok')
  for (let good = 0; good < 2; good++) await spill.timed(plane)
})

const opensAtOnce = (mode: Mode): boolean => ['misconfigured', 'rate_limited'].includes(expected[mode])

for (const mode of MODES.filter(mode => !opensAtOnce(mode))) {
  t.test(`${mode}: the best answer that is left, in time, and counted`, async t => {
    const wanted = { cloudflare: mode === 'short-ttl' ? 'ok' : expected[mode], twilio: expected[mode] }
    const count = async (provider: 'cloudflare' | 'twilio') => await spill.outcomes(plane, provider, wanted[provider])
    const before = { cloudflare: await count('cloudflare'), twilio: await count('twilio') }

    // where the first serves, it is cut off so that the second is asked
    cloudflare.set(wanted.cloudflare === 'ok' ? 'reset' : mode)
    twilio.set(mode)
    const last = await spill.timed(plane)
    checkReply(t, last, `${mode} at both`)
    t.match(last.body, expected[mode] === 'ok' ? { provider: 'twilio', degraded: false } : { provider: 'stun', degraded: true })
    t.ok(last.ms < 2_500, `${Math.round(last.ms)} ms`)

    twilio.set('ok')
    cloudflare.set(mode)
    const one = await spill.timed(plane)
    checkReply(t, one, `${mode} at the first`)
    t.equal(one.body.provider, wanted.cloudflare === 'ok' ? 'cloudflare' : 'twilio')
    t.ok(one.ms < 2_500, `${Math.round(one.ms)} ms`)
    t.equal(await count('cloudflare') - before.cloudflare, wanted.cloudflare === 'ok' ? 1 : 2, `counted as ${wanted.cloudflare}`)
    t.equal(await count('twilio') - before.twilio, 1, `counted as ${wanted.twilio}`)

    // and all is well again, to the last strike
    cloudflare.set('ok')
    for (let good = 0; good < 2; good++) t.equal((await spill.timed(plane)).body.provider, 'cloudflare')
  })
}

for (const [first, second] of [['unauthorized', 'not-found'], ['forbidden', 'rate-limited'], ['rate-limited-bare', 'unauthorized'], ['stalled-refusal', 'stalled-refusal']] as const) {
  t.test(`${first} at one, ${second} at the other: each is asked once, and every caller has an answer at once`, async t => {
    const plane = await spill.fresh()
    cloudflare.set(first)
    twilio.set(second)
    for (let again = 0; again < 3; again++) {
      const { ms, ...answer } = await spill.timed(plane)
      checkReply(t, answer, 'the last resort')
      t.equal(answer.body.provider, 'stun')
      t.ok(ms < 1_000, `${Math.round(ms)} ms`)
    }
    t.same([cloudflare.count(), twilio.count()], [1, 1])
    t.same([await spill.outcomes(plane, 'cloudflare', expected[first]), await spill.outcomes(plane, 'twilio', expected[second])], [1, 1])
    t.equal((await fetch(`${plane.ops}/readyz`)).status, 200, 'readiness does not hang on who sends a bill')
  })
}

t.test('an app that may not spill to paid providers never reaches one', async t => {
  const frugal = await plane.createApp('frugal', { paidSpill: false })
  await plane.caughtUp()
  const before = cloudflare.count() + twilio.count()
  t.match((await plane.issue(frugal)).body, { provider: 'stun' })
  t.equal(cloudflare.count() + twilio.count(), before)
})

t.test('an answer that never comes keeps no process from ending', async t => {
  twilio.reset()
  cloudflare.set('hang')
  const asked = spill.timed(plane)
  await until('it is asked for', () => cloudflare.state().inFlight === 1)
  plane.terminate()
  t.match((await asked).body, { provider: 'twilio' }, 'and its caller is served before')
  t.equal(await plane.exit(10_000), 0)
})

t.test('no log holds a secret, an account or what was minted', spill.searchLogs)
