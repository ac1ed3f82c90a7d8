import t from 'tap'
import type { Test } from 'tap'
import { sha256 } from '../../../services/domain/sha256.ts'
import { laneOf, pickTwo } from '../../../services/policy/rank-nodes.ts'
import { draw, hashText } from '../../../services/policy/rendezvous.ts'
import type { NodeView } from '../../../services/policy/view-node.ts'
import { nodeView, requestOf, snapshotOf } from '../../helpers/node-views.ts'

const USERS = 20_000
/** Looks like a user tag, and is the same in every run. */
const tag = (index: number): string => sha256(`seed of the test ${index}`).slice(0, 24)

/** Which share of the users, or rooms, each node is the first of. */
function sharesOf (nodes: NodeView[], as: 'user' | 'room' = 'user'): Record<string, number> {
  const snapshot = snapshotOf(nodes)
  const counts = new Map(nodes.map(({ id }) => [id, 0]))
  for (let index = 0; index < USERS; index++) {
    const request = requestOf(as === 'user' ? { userTag: tag(index) } : { room: `room-${index}` })
    const id = pickTwo(request, laneOf(request, snapshot))[0]?.node.id ?? ''
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].map(([id, count]) => [id, count / USERS]))
}

/** Within four standard deviations of what was expected: by chance alone one in 16,000 is not. */
function isSpread (t: Test, shares: Record<string, number>, weights: Record<string, number>, what: string): void {
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  for (const [id, weight] of Object.entries(weights)) {
    const expected = weight / sum
    const tolerance = 4 * Math.sqrt(expected * (1 - expected) / USERS)
    t.ok(Math.abs((shares[id] ?? 0) - expected) <= tolerance, `${what}: ${id} has ${shares[id]}, expected ${expected.toFixed(4)} give or take ${tolerance.toFixed(4)}`)
  }
}

t.test('single users spread by weight, capacity, slow start and the room that is left', async t => {
  isSpread(t, sharesOf(['a', 'b', 'c', 'd', 'e'].map(id => nodeView(id))), { a: 1, b: 1, c: 1, d: 1, e: 1 }, 'all alike')
  isSpread(t, sharesOf([nodeView('eu-1'), nodeView('eu-2', { weight: 3 }), nodeView('eu-3', { weight: 0.5 })]), { 'eu-1': 1, 'eu-2': 3, 'eu-3': 0.5 }, 'weight')
  isSpread(t, sharesOf([nodeView('eu-1'), nodeView('eu-2', { capacityBitsPerSecond: 4e9 })]), { 'eu-1': 1, 'eu-2': 4 }, 'capacity')
  isSpread(t, sharesOf([nodeView('eu-1'), nodeView('eu-2', { share: 0.1 })]), { 'eu-1': 1, 'eu-2': 0.1 }, 'slow start')
  isSpread(t, sharesOf([nodeView('eu-1', { loadRatio: 0.8 }), nodeView('eu-2', { loadRatio: 0.4 }), nodeView('eu-3', { loadRatio: 1.5 })]), { 'eu-1': 0.2, 'eu-2': 0.6, 'eu-3': 0.05 }, 'load')
})

t.test('rooms spread by weight and capacity alone, so that load moves them only where a node is hot', async t => {
  isSpread(t, sharesOf([nodeView('eu-1', { loadRatio: 0.5 }), nodeView('eu-2', { loadRatio: 0.4, weight: 2 })], 'room'), { 'eu-1': 1, 'eu-2': 2 }, 'room')
  isSpread(t, sharesOf([nodeView('eu-1', { loadRatio: 0.8 }), nodeView('eu-2', { loadRatio: 0.1 }), nodeView('eu-3', { loadRatio: 0.1, share: 0.5 })], 'room'), { 'eu-1': 0, 'eu-2': 1, 'eu-3': 0.5 }, 'hot')
})

t.test('a room has one name in many apps, and is another room in each', async t => {
  const snapshot = snapshotOf(['a', 'b', 'c', 'd'].map(id => nodeView(id)))
  const homeOf = (app: string, room: string) => pickTwo(requestOf({ app, room }), laneOf(requestOf(), snapshot))[0]?.node.id ?? ''
  const lobbies = new Map<string, number>()
  for (let index = 0; index < 400; index++) lobbies.set(homeOf(`app-${index}`, 'lobby'), (lobbies.get(homeOf(`app-${index}`, 'lobby')) ?? 0) + 1)
  t.equal(lobbies.size, 4)
  for (const [id, count] of lobbies) t.ok(count > 60 && count < 140, `${id} has ${count} of 400 lobbies`)
  const shifted = Array.from({ length: 64 }, (_, index) => [homeOf(`app-${index}`, 'x'), homeOf(`app-${String(index).slice(0, -1)}`, `${index % 10}x`)])
  t.ok(shifted.some(([whole, moved]) => whole !== moved), 'where the name of the app ends matters')
})

t.test('the second of a user is drawn as fairly: those of a node that fails go to the others alike', async t => {
  const nodes = ['a', 'b', 'c', 'd'].map(id => nodeView(id))
  const snapshot = snapshotOf(nodes)
  const seconds = new Map<string, number>()
  for (let index = 0; index < USERS; index++) {
    const request = requestOf({ userTag: tag(index) })
    const [first, second] = pickTwo(request, laneOf(request, snapshot))
    if (first?.node.id === 'a') seconds.set(second?.node.id ?? '', (seconds.get(second?.node.id ?? '') ?? 0) + 1)
  }
  for (const [id, count] of seconds) t.ok(count > USERS / 12 * 0.9 && count < USERS / 12 * 1.1, `${id}: ${count}`)
  t.equal(seconds.size, 3)
})

t.test('draws are spread evenly, of keys and nodes that differ in a letter as well', async t => {
  const BUCKETS = 20
  const counts = new Array<number>(BUCKETS).fill(0)
  for (let index = 0; index < USERS; index++) {
    const u = Math.exp(-draw(hashText(`u${index % 200}`), hashText(`n${Math.floor(index / 200)}`), 1))
    counts[Math.floor(u * BUCKETS)] = (counts[Math.floor(u * BUCKETS)] ?? 0) + 1
  }
  const mean = USERS / BUCKETS
  const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
  t.ok(chiSquare < 43.8, `chi-square ${chiSquare.toFixed(1)} with 19 degrees of freedom: beyond 43.8 once in a thousand`)
})
