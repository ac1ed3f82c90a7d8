import t from 'tap'
import type { App } from '../../../services/domain/app.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { deriveKeys, userTag } from '../../../services/domain/turn-credential.ts'
import type { NodeView, Snapshot } from '../../../services/policy/next-snapshot.ts'
import { issueCredentials } from '../../../services/control-plane/issue-credentials.ts'
import type { Issuing } from '../../../services/control-plane/issue-credentials.ts'
import type { Minted, MintRequest, Provider } from '../../../services/control-plane/providers/provider.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 10)
const keys = deriveKeys('m'.repeat(40))
const app: App = { id: 'shop', name: 'Shop', maxTtlSeconds: 7200, createdAt: '2026-11-22T09:00:00.000Z' }
const node: NodeView = { id: 'n', state: 'up', region: 'eu', urls: [], signingGeneration: 1, loadRatio: 0, beat: 1, quietMs: 0 }
const snapshot: Snapshot = { generation: 1, readAtMs: NOW_MS, outageSinceMs: undefined, nodes: [node], appsAndKeys: { version: '1', apps: new Map(), keys: new Map() } }

const TURN = { urls: ['turn:192.0.2.1:3478?transport=udp'], username: 'name', credential: 'word' }
const STUN = { urls: ['stun:192.0.2.9:3478'] }
const minted = (differs: Partial<Minted> = {}): Minted =>
  ({ iceServers: [TURN], expiresAtMs: NOW_MS + 3_600_000, expiryEndsCalls: false, region: 'eu', ...differs })
const answering = (differs: Partial<Minted> = {}): Provider<any> => ({ mint: () => minted(differs) })
const failing = (reason: string): Provider<any> => ({ mint: () => { throw new Error(reason) } })

/** Issues with these fake providers, tried in the order they are named, and remembers what was told to whom. */
function desk (providers: Partial<Record<ProviderName, Provider<any>>>, differs: Partial<Issuing> = {}) {
  const recorded: Array<[app: string, provider: string, reason: string]> = []
  const failed: Array<[provider: string, reason: string]> = []
  const issuing: Issuing = {
    snapshot: () => snapshot,
    providers,
    available: Object.keys(providers) as ProviderName[],
    keys,
    record: (...what) => { recorded.push(what) },
    onProviderFailed: (provider, { message }) => { failed.push([provider, message]) },
    random: () => Buffer.alloc(16),
    now: () => NOW_MS,
    ...differs
  }
  return { recorded, failed, issue: async (request = {}, from = app) => await issueCredentials(issuing, from, request) }
}

/** The request a provider is given. */
async function requestFor (request: object, from = app, differs: Partial<Issuing> = {}): Promise<MintRequest | undefined> {
  let seen: MintRequest | undefined
  const noting: Provider<any> = {
    mint: request => {
      seen = request
      return minted()
    }
  }
  await desk({ coturn: noting }, differs).issue(request, from)
  return seen
}

t.test('before the first snapshot nothing is issued', async t => {
  const { issue, recorded, failed } = desk({ coturn: answering() }, { snapshot: () => undefined })
  await t.rejects(issue(), { status: 503, code: 'not_ready' })
  t.same({ recorded, failed }, { recorded: [], failed: [] })
})

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

t.test('a list that no browser would take is a failure too', async t => {
  const { issue, failed } = desk({ coturn: answering({ iceServers: [{ urls: ['turn:192.0.2.1:53'], username: 'u', credential: 'c' }] }), stun: answering({ iceServers: [STUN] }) })
  t.equal((await issue()).provider, 'stun')
  t.match(failed, [['coturn', /no URL a browser accepts/]])
})

t.test('where all fail, or none is configured, there is no provider', async t => {
  const { issue, recorded, failed } = desk({ coturn: failing('one'), static: failing('two'), stun: answering({ iceServers: [] }) })
  await t.rejects(issue(), { status: 503, code: 'no_provider' })
  t.same(failed.map(([provider]) => provider), ['coturn', 'static', 'stun'])
  t.same(recorded, [])
  await t.rejects(desk({}).issue(), { code: 'no_provider' })
})

t.test('the ttl is an hour, or what was asked for, cut to the cap of the app', async t => {
  for (const [ttl, maxTtlSeconds, expected] of [[undefined, 7200, 3600], [600, 7200, 600], [9000, 7200, 7200], [undefined, 60, 60]] as const) {
    const request = ttl === undefined ? {} : { ttl }
    t.equal((await requestFor(request, { ...app, maxTtlSeconds }))?.ttlSeconds, expected)
    t.equal((await desk({ coturn: answering() }).issue(request, { ...app, maxTtlSeconds })).ttl, expected)
  }
})

t.test('a client comes back when a quarter of the ttl is left', async t => {
  const { refreshAfter } = await desk({ coturn: answering() }).issue({ ttl: 1000 })
  t.equal(Date.parse(refreshAfter), NOW_MS + 750_000)
})

t.test('degraded: no relay in it, or decided without knowing how the fleet is', async t => {
  const all = { coturn: answering(), static: answering(), stun: answering({ iceServers: [STUN] }) }
  const degraded = async (providers: Partial<Record<ProviderName, Provider<any>>>, differs: Partial<Snapshot> = {}) =>
    (await desk(providers, { snapshot: () => ({ ...snapshot, ...differs }) }).issue()).degraded
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

t.test('a user becomes a tag, nobody a random one', async t => {
  t.match(await requestFor({ user: 'alice' }), { app: 'shop', userTag: userTag(keys, 'shop', 'alice', Buffer.alloc(0)), nowMs: NOW_MS })
  const tags = await Promise.all([1, 2].map(async byte => (await requestFor({}, app, { random: () => Buffer.alloc(16, byte) }))?.userTag))
  t.equal(new Set(tags).size, 2)
})
