import t from 'tap'
import { newApp } from '../../../services/domain/app.ts'
import type { Decision } from '../../../services/domain/decision.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import type { Snapshot } from '../../../services/policy/next-snapshot.ts'
import type { KnownCaller } from '../../../services/control-plane/admit-caller.ts'
import { issueCredentials } from '../../../services/control-plane/issue-credentials.ts'
import type { Issuing } from '../../../services/control-plane/issue-credentials.ts'
import type { Minted, MintRequest, Provider } from '../../../services/control-plane/providers/provider.ts'
import { PromiseBook } from '../../../services/policy/keep-promises.ts'
import { holdLimit } from '../../../services/policy/spend-tokens.ts'
import { nodeView, snapshotOf } from '../../helpers/node-views.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const app = { ...newApp('shop', '2026-11-22T09:00:00.000Z'), maxTtlSeconds: 7200 }
const TAG = '0123456789abcdef01234567'
const node = nodeView('n')
const snapshot = snapshotOf([node], { readAtMs: NOW_MS })
const caller: KnownCaller = { app, kind: 'secret', appLimit: holdLimit(''), key: undefined, user: undefined, userTag: TAG, userId: `shop.${TAG}.mac`, limit: holdLimit(''), address: '', hintedRegion: undefined, snapshot, nowMs: NOW_MS }

const TURN = { urls: ['turn:192.0.2.1:3478?transport=udp'], username: 'name', credential: 'word' }
const STUN = { urls: ['stun:192.0.2.9:3478'] }
const minted = (differs: Partial<Minted> = {}): Minted =>
  ({ iceServers: [TURN], expiresAtMs: NOW_MS + 3_600_000, expiryEndsCalls: false, region: 'eu', ...differs })
const answering = (differs: Partial<Minted> = {}): Provider<any> => ({ mint: () => minted(differs) })
const failing = (reason: string): Provider<any> => ({ mint: () => { throw new Error(reason) } })

/** Issues with these fake providers, tried in the order they are named, and remembers what was told to whom. */
function desk (providers: Partial<Record<ProviderName, Provider<any>>>, differs: Partial<Issuing> = {}) {
  const promises = new PromiseBook()
  const recorded: Array<[app: string, provider: string, reason: string]> = []
  const decisions: Decision[] = []
  const failed: Array<[provider: string, reason: string]> = []
  const issuing: Issuing = {
    providers,
    promises,
    available: Object.keys(providers) as ProviderName[],
    record: (app, decision) => {
      recorded.push([app.id, decision.provider, decision.reason])
      decisions.push(decision)
    },
    onProviderFailed: (provider, { message }) => { failed.push([provider, message]) },
    ...differs
  }
  const answer = (request = {}, differs: Partial<KnownCaller> = {}) => issueCredentials(issuing, { ...caller, ...differs }, request)
  return { promises, recorded, decisions, failed, answer, issue: async (...asked: Parameters<typeof answer>) => await answer(...asked) }
}

/** The request a provider is given. */
async function requestFor (request: object, differs: Partial<KnownCaller> = {}): Promise<MintRequest | undefined> {
  let seen: MintRequest | undefined
  const noting: Provider<any> = {
    mint: request => {
      seen = request
      return minted()
    }
  }
  await desk({ coturn: noting }).issue(request, differs)
  return seen
}

t.test('the reply, whole', async t => {
  const { issue, recorded, failed } = desk({ coturn: answering() })
  t.same(await issue({ user: 'alice' }), {
    iceServers: [TURN],
    ttl: 3600,
    expiresAt: '2026-11-22T11:00:00.000Z',
    refreshAfter: '2026-11-22T10:45:00.000Z',
    provider: 'coturn',
    region: 'eu',
    degraded: false,
    expiryEndsCalls: false,
    username: 'name',
    password: 'word',
    uris: TURN.urls
  })
  t.same(recorded, [['shop', 'coturn', 'healthy']])
  t.same(failed, [])
})

t.test('a provider that throws is told of, and the next one answers', async t => {
  for (const broken of [failing('no quota'), { mint: () => Promise.reject(new Error('no quota')) } as Provider<any>]) {
    const { issue, recorded, failed } = desk({ coturn: broken, static: answering({ region: null }), stun: failing('must not be asked') })
    t.match(await issue(), { provider: 'static', region: null, degraded: false })
    t.same(failed, [['coturn', 'no quota']])
    t.same(recorded, [['shop', 'static', 'fallback']], 'only what was handed out is counted')
  }
})

t.test('where all fail, or none is configured, there is no provider', async t => {
  const { issue, recorded, failed } = desk({ coturn: failing('one'), static: failing('two'), stun: failing('three') })
  await t.rejects(issue(), { status: 503, code: 'no_provider' })
  t.same(failed.map(([provider]) => provider), ['coturn', 'static', 'stun'])
  t.same(recorded, [])
  await t.rejects(desk({}).issue(), { code: 'no_provider' })
})

t.test('what is known at once is answered at once, failures before it as well; only who has to be asked is waited for', async t => {
  t.notOk(desk({ coturn: answering() }).answer() instanceof Promise)
  t.match(desk({ coturn: failing('no key'), static: answering() }).answer(), { provider: 'static' })
  t.throws(() => desk({ coturn: failing('one'), static: failing('two') }).answer(), { code: 'no_provider' })

  const refusing = (reason: string): Provider<any> => ({ mint: async () => { throw new Error(reason) } })
  t.match(await desk({ cloudflare: refusing('down'), static: answering() }).answer(), { provider: 'static' })
  const { answer, failed, recorded } = desk({ cloudflare: refusing('one'), static: failing('two'), stun: refusing('three') })
  const answered = answer()
  t.ok(answered instanceof Promise)
  await t.rejects(async () => await answered, { status: 503, code: 'no_provider' })
  t.same(failed, [['cloudflare', 'one'], ['static', 'two'], ['stun', 'three']])
  t.same(recorded, [])
})

t.test('the ttl is an hour, or what was asked for, cut to the cap of the app', async t => {
  for (const [ttl, maxTtlSeconds, expected] of [[undefined, 7200, 3600], [600, 7200, 600], [9000, 7200, 7200], [undefined, 60, 60]] as const) {
    const request = ttl === undefined ? {} : { ttl }
    t.equal((await requestFor(request, { app: { ...app, maxTtlSeconds } }))?.ttlSeconds, expected)
    t.equal((await desk({ coturn: answering({ expiresAtMs: NOW_MS + expected * 1000 }) }).issue(request, { app: { ...app, maxTtlSeconds } })).ttl, expected)
  }
})

t.test('a client comes back when a quarter of the ttl is left', async t => {
  const { refreshAfter } = await desk({ coturn: answering() }).issue({ ttl: 1000 })
  t.equal(Date.parse(refreshAfter), NOW_MS + 750_000)
})

t.test('degraded: no relay in it, or decided without knowing how the fleet is', async t => {
  const all = { coturn: answering(), static: answering(), stun: answering({ iceServers: [STUN] }) }
  const degraded = async (providers: Partial<Record<ProviderName, Provider<any>>>, differs: Partial<Snapshot> = {}) =>
    (await desk(providers).issue({}, { snapshot: { ...snapshot, ...differs } })).degraded
  t.equal(await degraded(all), false)
  t.equal(await degraded({ static: all.static }), false, 'a relay that is not ours is a relay')
  t.equal(await degraded({ stun: all.stun }), true, 'stun')
  t.equal(await degraded(all, { nodes: [{ ...node, state: 'unknown' }] }), true, 'unsure')
  t.equal(await degraded(all, { outageSinceMs: NOW_MS - 1 }), true, 'an outage')
  t.equal(await degraded({ static: all.static }, { outageSinceMs: NOW_MS - 1 }), true, 'an outage, whoever answers')
})

t.test('username, password and uris are those of the first entry that has credentials', async t => {
  const { issue } = desk({ coturn: answering({ iceServers: [STUN, TURN, { ...TURN, username: 'second', credential: 'other' }] }) })
  t.match(await issue(), { username: 'name', password: 'word', uris: TURN.urls })
  const without = await desk({ stun: answering({ iceServers: [STUN, { urls: ['stun:192.0.2.10'] }] }) }).issue()
  t.same(without.uris, STUN.urls)
  t.notOk('username' in without || 'password' in without, 'an entry without credentials has none to show')
})

t.test('what the provider says of expiry and region is passed on', async t => {
  const { issue } = desk({ coturn: answering({ expiresAtMs: NOW_MS + 60_000, expiryEndsCalls: true, region: 'us' }) })
  t.match(await issue(), { expiresAt: '2026-11-22T10:01:00.000Z', expiryEndsCalls: true, region: 'us' })
})

t.test('a provider that gives less than was asked for: the reply says so, and when to come back', async t => {
  const { issue } = desk({ coturn: answering({ expiresAtMs: NOW_MS + 1_800_000 }) })
  t.match(await issue({ ttl: 7200 }), { ttl: 1800, expiresAt: '2026-11-22T10:30:00.000Z', refreshAfter: '2026-11-22T10:22:30.000Z' })
})

t.test('paid providers share the patience of a request, and the others are not hurried', async t => {
  const given: Record<string, number> = {}
  const noting = (name: string): Provider<any> => ({
    mint: (_request, _step, timeoutMs) => {
      given[name] = timeoutMs
      throw new Error('fails at once')
    }
  })
  const { issue } = desk({ coturn: noting('coturn'), cloudflare: noting('cloudflare'), twilio: noting('twilio'), stun: answering() })
  await issue()
  t.equal(given.coturn, 0)
  t.ok(Number(given.cloudflare) > 1_300 && Number(given.cloudflare) <= 1_380, 'the first leaves something to the second')
  t.ok(Number(given.twilio) > 2_200 && Number(given.twilio) <= 2_300, 'which has what the first did not use')
})

t.test('the record tells who was served by whom, why, and what had failed before', async t => {
  const { issue, decisions } = desk({ coturn: failing('full'), static: answering({ region: null }) })
  await issue({ user: 'alice', ttl: 60 }, { kind: 'publishable' })
  t.same(decisions, [{
    atMs: NOW_MS,
    app: 'shop',
    userTag: TAG,
    caller: 'publishable',
    provider: 'static',
    reason: 'fallback',
    nodes: [],
    region: null,
    ttlSeconds: 60,
    expiresAtSeconds: (NOW_MS + 3_600_000) / 1000,
    failed: ['coturn']
  }])
  const own = desk({ coturn: answering() })
  await own.issue()
  t.match(own.decisions, [{ provider: 'coturn', nodes: ['n'], region: 'eu', failed: [] }])
  t.match(await requestFor({ user: 'alice' }), { app: 'shop', userTag: TAG, nowMs: NOW_MS })
})

t.test('a provider that is left alone is not asked, and the record says whom it was passed over for', async t => {
  const open = new Map([['cloudflare' as const, { state: 'open' as const, retryAtMs: NOW_MS, lastFailure: 'timeout' }]])
  const { issue, decisions } = desk({ cloudflare: failing('must not be asked'), twilio: answering(), stun: failing('nor this') }, { openCircuits: () => open })
  await issue()
  t.match(decisions, [{ provider: 'twilio', reason: 'circuit_open', failed: [], skipped: [{ provider: 'cloudflare', reason: 'circuit_open' }] }])
  open.clear()
  const closed = desk({ cloudflare: answering(), stun: failing('nor this') }, { openCircuits: () => open })
  await closed.issue()
  t.match(closed.decisions, [{ provider: 'cloudflare', reason: 'fallback', skipped: undefined }])
})

t.test('a region the app may not use is refused, one it may is passed on', async t => {
  const { issue } = desk({ coturn: answering() })
  await t.rejects(issue({ region: 'us' }, { app: { ...app, regions: ['eu'] } }), { status: 403, code: 'region_not_allowed' })
  t.equal((await issue({ region: 'eu' }, { app: { ...app, regions: ['eu'] } })).provider, 'coturn')
  t.equal((await issue({ region: 'us' })).provider, 'coturn', 'without a list any will do')
})

t.test('a region a proxy hints at orders the nodes, but refuses nobody', async t => {
  const { decisions, issue } = desk({ coturn: answering() })
  const nodes = [nodeView('e'), nodeView('u', { region: 'us' }), nodeView('p', { region: 'ap' })]
  const asked = async (hintedRegion: string | undefined, region?: string, regions: string[] = []) => {
    await issue(region === undefined ? {} : { region }, { hintedRegion, app: { ...app, regions }, snapshot: snapshotOf(nodes) })
    return decisions.at(-1)?.nodes[0]
  }
  t.same([await asked('us'), await asked('ap'), await asked('us', 'eu'), await asked('us', undefined, ['eu'])], ['u', 'p', 'e', 'e'])
})

t.test('each URL of a node is an allocation promised on it, where it was minted and nowhere else', async t => {
  const { promises, issue } = desk({ coturn: answering(), stun: answering() })
  const [node] = caller.snapshot.nodes
  await issue()
  t.ok(node && node.urls.length > 0)
  t.equal(promises.promised(node?.id ?? ''), node?.urls.length)
  const failing = desk({ coturn: { mint: () => { throw new Error('no secret') } }, stun: answering() })
  await failing.issue()
  t.equal(failing.promises.promised(node?.id ?? ''), 0)
})
