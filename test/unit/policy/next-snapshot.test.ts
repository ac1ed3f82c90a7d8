import t from 'tap'
import { indexApps } from '../../../services/domain/app.ts'
import type { NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { nextSnapshot, SILENT_AFTER_MS } from '../../../services/policy/next-snapshot.ts'
import type { Facts, Snapshot } from '../../../services/policy/next-snapshot.ts'

const appsAndKeys = indexApps('1', new Map(), new Map())
const relayUse = new Map()
const observed = (changes: Partial<ObservedNode> = {}): ObservedNode => ({
  beat: 1,
  clockMs: 0,
  region: 'eu',
  relayIps: ['192.0.2.1'],
  urls: ['turn:192.0.2.1:3478?transport=udp'],
  capacityBitsPerSecond: 1000,
  maxAllocations: 10,
  coturnVersion: '4.17.1',
  boot: 'b',
  sessions: 0,
  loadBitsPerSecond: 250,
  interfaceBitsPerSecond: null,
  generationsApplied: [1],
  outboxPending: 0,
  gaps: 0,
  ...changes
})
const node = (changes: Partial<ObservedNode> | null, generations = [1]): NodeFacts =>
  ({ id: 'n', desired: { generations, nodeKeys: [{ from: 1, id: 'old' }, { from: 3, id: 'new' }], fleetIps: [], weight: 1, capacityBitsPerSecond: null }, observed: changes && observed(changes) })
const facts = (...nodes: NodeFacts[]): Facts => ({ nodes, appsAndKeys, relayUse })
/** One snapshot after another, each a second later. */
const after = (...reads: Array<Facts | undefined>): Snapshot | undefined =>
  reads.reduce<Snapshot | undefined>((previous, read, index) => nextSnapshot(previous, read, index * 1000), undefined)
const times = (count: number, read: Facts | undefined) => Array.from({ length: count }, () => read)

t.test('there is none before the first full read', async t => {
  t.equal(after(undefined, undefined), undefined)
  t.equal(after({ nodes: [], appsAndKeys: undefined, relayUse }), undefined)
})

t.test('apps that have not changed are kept, and the generation grows', async t => {
  const snapshot = after(facts(), { nodes: [], appsAndKeys: undefined, relayUse })
  t.equal(snapshot?.appsAndKeys, appsAndKeys)
  t.equal(snapshot?.generation, 2)
})

t.test('the state of a node', async t => {
  const stateOf = (read: NodeFacts) => after(facts(read))?.nodes[0]?.state
  t.equal(stateOf(node({})), 'up')
  t.equal(stateOf(node(null)), 'unready', 'no agent has spoken')
  t.equal(stateOf(node({ coturnVersion: null })), 'down', 'coturn does not answer')
  t.equal(stateOf(node({ generationsApplied: [] })), 'unready', 'no secret to sign with')
  t.equal(stateOf(node({ generationsApplied: [1] }, [2])), 'unready', 'none of the wanted generations')
})

t.test('it signs with the newest generation the node has confirmed, never one it has not', async t => {
  const signing = (applied: number[], wanted: number[]) => after(facts(node({ generationsApplied: applied }, wanted)))?.nodes[0]?.signingGeneration
  t.equal(signing([1], [1, 2]), 1)
  t.equal(signing([1, 2], [1, 2]), 2)
  t.equal(signing([1, 2, 3], [1, 2]), 2, 'nor one that is wanted no more')
})

t.test('it knows which node key the generation it signs with derives from', async t => {
  const keyOf = (applied: number[]) => after(facts(node({ generationsApplied: applied }, [1, 2, 3])))?.nodes[0]?.signingKeyId
  t.same([[1], [1, 2], [1, 2, 3]].map(keyOf), ['old', 'old', 'new'])
})

t.test('load is a share of capacity', async t => t.equal(after(facts(node({})))?.nodes[0]?.loadRatio, 0.25))

t.test('a heartbeat that stands still makes a node unknown, not down, and the next one brings it back', async t => {
  const seconds = SILENT_AFTER_MS / 1000
  t.equal(after(...times(seconds + 1, facts(node({}))))?.nodes[0]?.state, 'up')
  t.equal(after(...times(seconds + 2, facts(node({}))))?.nodes[0]?.state, 'unknown')
  t.equal(after(...times(seconds + 2, facts(node({}))), facts(node({ beat: 2 })))?.nodes[0]?.state, 'up')
})

t.test('in an outage of Redis nothing ages, and the snapshot says since when it stands still', async t => {
  const outage = after(facts(node({})), ...times(60, undefined))
  t.equal(outage?.nodes[0]?.state, 'up')
  t.equal(outage?.outageSinceMs, 1000)
  t.equal(outage?.generation, 1)
  const back = after(facts(node({})), ...times(60, undefined), facts(node({})))
  t.equal(back?.nodes[0]?.state, 'up', 'agents could not be heard, which does not make them silent')
  t.equal(back?.nodes[0]?.quietMs, 0)
  t.equal(back?.outageSinceMs, undefined)
})
