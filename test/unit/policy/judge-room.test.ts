import t from 'tap'
import { noneEachStep } from '../../../services/domain/load-experience.ts'
import type { Expectation } from '../../../services/policy/expect-load.ts'
import { hasRoom, judgeRoom, showRoom } from '../../../services/policy/judge-room.ts'
import type { Commitments } from '../../../services/policy/judge-room.ts'

/** Every allocation carries a megabit, for sure. */
const certain: Expectation = { mean: noneEachStep().map(() => 1), variance: noneEachStep() }
const doubtful: Expectation = { mean: certain.mean, variance: noneEachStep().map(() => 4) }
const roomOf = (differs: Partial<Commitments> = {}, expectation = certain) =>
  judgeRoom({ capacityBitsPerSecond: 100e6, loadBitsPerSecond: 0, sessions: 0, maxAllocations: 0, unresolved: noneEachStep(), ...differs }, expectation)
const unresolved = (count: number) => noneEachStep().map((_, step) => step === 3 ? count : 0)

t.test('a node is full at 97 % of its capacity, known and expected load together', async t => {
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 94e6 }), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 94.5e6 }), 0, 3), false)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 50e6, unresolved: unresolved(44) }), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 50e6, unresolved: unresolved(45) }), 0, 3), false)
})

t.test('what was promised since the heartbeat takes room as well', async t => {
  t.equal(hasRoom(roomOf(), 94, 3), true)
  t.equal(hasRoom(roomOf(), 95, 3), false)
  t.same(showRoom(roomOf(), 94), { megabits: 3, allocations: null })
})

t.test('doubt takes room: two and a half standard deviations of what is not known', async t => {
  // 36 allocations of variance 4: a deviation of 12
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 30e6, unresolved: unresolved(33) }, doubtful), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 31.5e6, unresolved: unresolved(33) }, doubtful), 0, 3), false)
})

t.test('a node that does nothing takes a first call, however small it is', async t => {
  t.equal(hasRoom(roomOf({ capacityBitsPerSecond: 1e6 }), 0, 3), true)
  t.equal(hasRoom(roomOf({ capacityBitsPerSecond: 1e6 }), 3, 3), false)
  t.equal(hasRoom(roomOf({ capacityBitsPerSecond: 1e6, unresolved: unresolved(1) }), 0, 3), false)
})

t.test('allocations are counted up to 95 % of what coturn may hold, whatever they carry', async t => {
  const full = (sessions: number, maxAllocations = 100) => hasRoom(roomOf({ sessions, maxAllocations, capacityBitsPerSecond: 1e12 }), 2, 3)
  t.equal(full(90), true)
  t.equal(full(91), false)
  t.equal(full(1e6, 0), true, 'no limit')
  t.same(showRoom(roomOf({ sessions: 90, maxAllocations: 100 }), 2).allocations, 3)
})
