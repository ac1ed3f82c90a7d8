import t from 'tap'
import { createRandom } from '../../../scripts/simulate/make-trace.ts'
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

t.test('a node is full at 98 % of its capacity, known and expected load together', async t => {
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 95e6 }), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 95.5e6 }), 0, 3), false)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 50e6, unresolved: unresolved(45) }), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 50e6, unresolved: unresolved(46) }), 0, 3), false)
})

t.test('what was promised since the heartbeat takes room as well', async t => {
  t.equal(hasRoom(roomOf(), 95, 3), true)
  t.equal(hasRoom(roomOf(), 96, 3), false)
  t.same(showRoom(roomOf(), 94), { megabits: 4, allocations: null })
})

t.test('doubt takes room: what one in a hundred turns out to be beyond', async t => {
  // 36 allocations of variance 4 and third moment 12: 2.33 deviations of 12, and 0.74 of 12 / 4 beside
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 31.5e6, unresolved: unresolved(33) }, doubtful), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 32e6, unresolved: unresolved(33) }, doubtful), 0, 3), false)
  // one in a hundred carries ten: 2.33 deviations of three of them are 4, and one whole call is 10
  const rare: Expectation = { mean: noneEachStep().map(() => 0.1), variance: noneEachStep().map(() => 0.99) }
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 86e6 }, rare), 0, 3), true)
  t.equal(hasRoom(roomOf({ loadBitsPerSecond: 87e6 }, rare), 0, 3), false)
})

t.test('so it is, however few there are and however unlike', async t => {
  const random = createRandom(1)
  // one in ten relays, with the rate of one of these
  const rates = [0.1, 1, 1, 2.5, 4]
  const [mean, square] = [1, 2].map(power => rates.reduce((sum, rate) => sum + rate ** power, 0) / rates.length / 10) as [number, number]
  const mixed: Expectation = { mean: noneEachStep().map(() => mean), variance: noneEachStep().map(() => square - mean * mean) }
  for (const count of [20, 50, 200, 1_000]) {
    const bound = 98 - showRoom(roomOf({ unresolved: unresolved(count) }, mixed), 0).megabits
    const turnsOut = () => Array.from({ length: count }, () => random() < 0.1 ? rates[Math.floor(random() * rates.length)] ?? 0 : 0).reduce((sum, rate) => sum + rate, 0)
    const beyond = Array.from({ length: 5_000 }, turnsOut).filter(load => load > bound).length / 5_000
    t.ok(beyond > 0.003 && beyond < 0.02, `${beyond} of ${count} allocations`)
  }
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
