import fc from 'fast-check'
import t from 'tap'
import { indexApps } from '../../../services/domain/app.ts'
import { PROBE_CAUSES, PROBE_STAGES } from '../../../services/domain/health.ts'
import type { NodeHealth, ProbeFailure } from '../../../services/domain/health.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import type { NodeState } from '../../../services/domain/node-state.ts'
import { PROVIDERS } from '../../../services/domain/provider.ts'
import type { ProviderName } from '../../../services/domain/provider.ts'
import { decideRoute } from '../../../services/policy/decide-route.ts'
import { explain } from '../../../services/policy/explain.ts'
import { nextSnapshot } from '../../../services/policy/next-snapshot.ts'
import type { Facts, Snapshot } from '../../../services/policy/next-snapshot.ts'
import type { RouteRequest } from '../../../services/policy/route-request.ts'
import { DEFAULT_POLICY } from '../../../services/policy/settings.ts'
import { tellReasons } from '../../../services/policy/tell-reason.ts'
import { healthOf, nodeFacts } from '../../helpers/node-facts.ts'
import { nodeView, requestOf, snapshotOf, urlsOf } from '../../helpers/node-views.ts'

const START_MS = Date.UTC(2026, 10, 24, 9)
const policy = { ...DEFAULT_POLICY, neighbours: new Map([['ap', ['us', 'eu']]]) }
const ALL: ProviderName[] = ['coturn', 'cloudflare', 'static', 'stun']

const node = (id: string, observed: Partial<ObservedNode> | null = {}, desired: Partial<DesiredNode> = {}): NodeFacts =>
  nodeFacts(id, observed && { urls: Object.values(urlsOf(id)), region: id.split('-')[0] ?? '', capacityBitsPerSecond: 1e9, maxAllocations: 4_000, ...observed }, desired)
const QUOTA: ProbeFailure = { stage: 'allocate', cause: 'quota', code: 486 }
/** What probers say of each node: all is good but the ways named here. */
const said = (nodes: readonly NodeFacts[], bad: Record<string, Array<'udp' | 'tls' | 'tcp'>> = {}, failure = QUOTA, differs: Partial<NodeHealth> = {}) =>
  new Map(nodes.map(({ id }) => [id, new Map(['prober-1', 'prober-2', 'prober-3'].map(name => [name, healthOf(
    Object.fromEntries(Object.entries(urlsOf(id)).map(([way, url]) => [url, bad[id]?.includes(way as 'udp') ? 'bad' : 'good'])), failure, differs)]))]))
const read = (nodes: readonly NodeFacts[], health: Facts['health'] = said(nodes)): Facts => ({ nodes, health, appsAndKeys: indexApps('5:', new Map(), new Map()), relayUse: new Map(), promises: new Map() })
/** One read a second, from nine o'clock on; the probers have spoken since the nodes of the first were first seen. */
const after = (...reads: Array<Facts | undefined>): Snapshot => {
  const seen = nextSnapshot(undefined, reads[0] && { ...reads[0], health: new Map() }, START_MS, policy)
  return reads.reduce((previous, facts, index) => nextSnapshot(previous, facts, START_MS + index * 1000, policy), seen) as Snapshot
}
const told = (snapshot: Snapshot, request: Partial<RouteRequest> = {}, available = ALL) => {
  const { sentences, plan, nodes, skipped, stale, clientRegion } = explain(requestOf({ userTag: '0123456789abcdef01234567', ...request }), snapshot, available)
  return {
    sentences,
    clientRegion,
    plan: plan.map(({ provider, reason, remarks, nodes }) => [provider, reason, remarks.join(), nodes.join()].join(' ').trim()),
    nodes: nodes.map(({ id, state, reasons, verdict }) => `${id} ${state} ${verdict}: ${reasons.map(({ kind }) => kind).join()}`),
    skipped,
    stale
  }
}
/** A heartbeat a second. */
const beatAt = (beat: number) => ({ beat, clockMs: START_MS + beat * 1000 })
const three = ['eu-1', 'eu-2', 'us-1'].map(id => node(id))

t.test('ten situations and more, as an operator is told of them', async t => {
  const busy = three.map(({ id }) => node(id, { loadBitsPerSecond: 940e6 }))
  for (const [situation, answer] of Object.entries({
    'all well': told(after(read(three))),
    'all well, a room': told(after(read(three)), { room: 'blue' }),
    'a region asked for, whose neighbour serves': told(after(read(three)), { region: 'ap' }),
    'a region a proxy hints at': told(after(read(three)), { hintedRegion: 'eu' }),
    'all full': told(after(read(three.map(({ id }) => node(id, { loadBitsPerSecond: 990e6 }))))),
    'one saturated': told(after(read([node('eu-1', { sessions: 3_750 }), ...three.slice(1)]))),
    'all saturated': told(after(read(busy)), { region: 'eu' }),
    drain: told(after(read([node('eu-1', {}, { draining: { sinceMs: START_MS } }), ...three.slice(1)]))),
    'udp bad on one': told(after(read(three, said(three, { 'eu-1': ['udp'] })))),
    'down by votes': told(after(read(three, said(three, { 'eu-2': ['udp', 'tls', 'tcp'] }, { stage: 'binding', cause: 'timeout', code: null })))),
    'coturn dead, agent alive': told(after(read([node('eu-1', { coturnVersion: null }), ...three.slice(1)], said(three.slice(1))))),
    'the CLI of coturn hangs, probers content': told(after(read([node('eu-1', { coturnVersion: null }), ...three.slice(1)]))),
    'probers dead': told(after(...Array.from({ length: 17 }, (_, beat) => read(three.map(({ id }) => node(id, beatAt(beat))), said(three))))),
    'probers cut off': told(after(read(three, said(three, { 'eu-1': ['udp', 'tls', 'tcp'] }, QUOTA, { reaches: false })))),
    'Redis away': told(after(read(three), undefined, undefined)),
    'Redis emptied': told(after(read(three), { ...read([]), appsAndKeys: indexApps('0', new Map(), new Map()) })),
    'nothing known': told(after(...Array.from({ length: 17 }, () => read(three, new Map())))),
    'an agent silent, probers content': told(after(...Array.from({ length: 17 }, (_, beat) => read([three[0] as NodeFacts, node('eu-2', beatAt(beat))], said(three, {}, QUOTA, { beat }))))),
    'an app kept to its region': told(after(read(three)), { regions: ['us'] }),
    'a node that is new': told(after(read(three.slice(0, 2)), read(three))),
    'a clock five minutes ahead': told(after(read(three), read([node('eu-1', { beat: 2, clockMs: START_MS + 301_000 }), ...three.slice(1)]))),
    'no node at all, paid spill off': told(after(read([])), { paidSpill: false }),
    'nodes that are not ready': told(after(read([node('eu-1', null), node('eu-2', { generationsApplied: [] }), node('us-1', { urls: [] })])), {}, ['coturn']),
    'another provider first': told(after(read(three)), {}, ['static', 'coturn'])
  })) t.matchSnapshot(answer, situation)
})

t.test('every failure a prober can find says what to do', async t => {
  t.matchSnapshot(PROBE_CAUSES.map(cause => tellReasons([{ kind: 'url_bad', url: 'turns:a:443?transport=tcp', stage: 'tls', cause, code: null, vantages: ['p'], voters: 1 }])))
  t.matchSnapshot(PROBE_STAGES.map(stage => tellReasons([{ kind: 'url_bad', url: 'turn:a:3478?transport=udp', stage, cause: 'stun_error', code: 500, vantages: ['p', 'q'], voters: 3 }])))
  t.match(tellReasons([{ kind: 'url_bad', url: 'turn:a', stage: null, cause: null, code: null, vantages: ['p'], voters: 1 }]), /^1 of 1 prober cannot use turn:a: /)
})

t.test('of each node it says what became of it', async t => {
  const verdicts = (request: Partial<RouteRequest>) => Object.fromEntries(explain(requestOf(request), snapshotOf([
    nodeView('a'), nodeView('b'), nodeView('c', { saturated: true }), nodeView('d', { state: 'down' }), nodeView('e', { state: 'unknown' }), nodeView('f', { state: 'unready', region: '', urls: [] }), nodeView('g', { region: 'us' }), nodeView('h', { state: 'draining' })
  ]), ['coturn', 'stun']).nodes.map(({ id, verdict }) => [id, verdict]))
  t.same(verdicts({ regions: ['eu'] }), { a: 'chosen', b: 'chosen', c: 'outranked', d: 'down', e: 'unknown', f: 'unready', g: 'region_not_allowed', h: 'draining' })
})

t.test('a provider that is not tried has its reason', async t => {
  const { plan, skipped } = explain(requestOf({ paidSpill: false }), snapshotOf([]), PROVIDERS)
  t.same(plan.map(({ provider }) => provider), ['static', 'stun'])
  t.same(skipped, [{ provider: 'coturn', reason: 'no_node' }, { provider: 'cloudflare', reason: 'paid_spill_off' }, { provider: 'twilio', reason: 'paid_spill_off' }])
})

const anyNodes = fc.uniqueArray(fc.record({
  id: fc.stringMatching(/^[a-z]{1,5}$/),
  state: fc.constantFrom<NodeState>('up', 'degraded', 'unknown', 'down', 'unready', 'draining'),
  region: fc.constantFrom('eu', 'us'),
  saturated: fc.boolean(),
  loadRatio: fc.double({ min: 0, max: 2, noNaN: true })
}), { selector: ({ id }) => id, maxLength: 8 })
const anyRequest = fc.record({ app: fc.constantFrom('shop', 'chat'), userTag: fc.string(), room: fc.option(fc.string(), { nil: undefined }), region: fc.constantFrom('eu', 'us', undefined), regions: fc.subarray(['eu', 'us']), paidSpill: fc.boolean() })

t.test('whatever the fleet: the plan is the one that would be followed, every node is there once, and the chosen are its own', async t => {
  fc.assert(fc.property(anyNodes, anyRequest, fc.subarray([...PROVIDERS]), (some, request, available) => {
    const snapshot = snapshotOf(some.map(({ id, ...changes }) => nodeView(id, changes)))
    const steps = decideRoute(request, snapshot, available)
    const { plan, skipped, nodes, sentences } = explain(request, snapshot, available)
    const planned = steps.flatMap(step => step.provider === 'coturn' ? step.nodes.map(({ id }) => id) : [])
    return JSON.stringify(plan.map(({ provider, reason }) => [provider, reason])) === JSON.stringify(steps.map(({ provider, reason }) => [provider, reason])) &&
      JSON.stringify([...plan, ...skipped].map(({ provider }) => provider).sort()) === JSON.stringify([...available].sort()) &&
      JSON.stringify(nodes.map(({ id }) => id).sort()) === JSON.stringify(some.map(({ id }) => id).sort()) &&
      JSON.stringify(nodes.filter(({ verdict }) => verdict === 'chosen').map(({ id }) => id)) === JSON.stringify(planned) &&
      sentences.length > 0 && sentences.every(sentence => /^\S.*\.$/.test(sentence) && !/undefined|NaN|null/.test(sentence))
  }))
})
